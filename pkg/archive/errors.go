package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/outcryhq/outcry/pkg/outage"
)

// wrap names the operation that failed, and says outage.ErrUnavailable of
// errors that will pass. What the caller did wrong already says so; anything
// else is a fault of the archive or of this code.
func (a *Archive) wrap(operation string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, outage.ErrInvalid), errors.Is(err, outage.ErrNotFound),
		errors.Is(err, outage.ErrUnavailable), errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", operation, err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, sql.ErrConnDone), a.dialect.passing(err), isClosed(err):
		return fmt.Errorf("%s: %w: %w", operation, outage.ErrUnavailable, err)
	default:
		return fmt.Errorf("%s: %w", operation, err)
	}
}

// isClosed recognises the one error of database/sql that has no variable.
func isClosed(err error) bool {
	return err.Error() == "sql: database is closed"
}

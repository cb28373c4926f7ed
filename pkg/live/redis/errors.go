package redis

import (
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/outcryhq/outcry/pkg/outage"
)

// The first words by which the scripts say what is wrong.
const (
	codeFenced     = "FENCED "
	codeRebuilding = "REBUILDING "
)

// unavailable are the first words of the answers by which a server says that it
// cannot serve now: no fault of the request. The last are those of keys into
// which somebody else has written what cannot be continued.
var unavailable = []string{ //nolint:gochecknoglobals // a constant table
	"LOADING ", "MISCONF ", "OOM ", "CLUSTERDOWN ", "READONLY ", "MASTERDOWN ", "TRYAGAIN ", "BUSY ", "NOREPLICAS ",
	"UNBLOCKED ", "NOAUTH ", "WRONGPASS ", "NOPERM ", "MOVED ", "ASK ", "ERR max number of clients",
	"WRONGTYPE ", "ERR The ID specified in XADD", "ERR The stream has exhausted",
}

// wrap says what failed, and which of the errors of package outage it is. What
// is no answer of the server (a broken connection, a time limit, an exhausted
// pool) means that it could not be reached. Other answers are bugs of ours,
// and wrap nothing.
func wrap(operation string, err error) error {
	if err == nil {
		return nil
	}
	var answer goredis.Error
	if !errors.As(err, &answer) {
		return fmt.Errorf("%s: %w: %w", operation, outage.ErrUnavailable, err)
	}
	text := answer.Error()
	switch {
	case strings.HasPrefix(text, codeFenced):
		return fmt.Errorf("%s: %w", operation, outage.ErrFenced)
	case strings.HasPrefix(text, codeRebuilding):
		return fmt.Errorf("%s: %w", operation, outage.ErrRebuilding)
	}
	for _, prefix := range unavailable {
		if strings.HasPrefix(text, prefix) {
			return fmt.Errorf("%s: %w: %w", operation, outage.ErrUnavailable, err)
		}
	}
	return fmt.Errorf("%s: %w", operation, err)
}

// isNoScript says that the server does not know a script, and has done nothing.
func isNoScript(err error) bool { return err != nil && goredis.HasErrorPrefix(err, "NOSCRIPT") }

package social

import (
	"context"
	"errors"
	"net"
	"os"

	"github.com/outcryhq/outcry/pkg/archive"
)

// caused is an error of which a Network knows the cause.
type caused struct {
	error
	cause archive.SourceCause
}

func (c caused) Unwrap() error { return c.error }

// Caused says of an error why the source does not listen, where the error's kind
// does not tell.
func Caused(cause archive.SourceCause, err error) error { return caused{err, cause} }

// causeOf is what everybody may know of an error. The rest, such as addresses,
// is for the log. connected says whether a connection had come about.
func causeOf(err error, connected bool) archive.SourceCause {
	if IsPermanent(err) {
		return archive.CauseRefused
	}
	if known, ok := errors.AsType[caused](err); ok {
		return known.cause
	}
	if asked, ok := errors.AsType[*RetryError](err); ok && asked.After > 0 {
		return archive.CauseLimited
	}
	var failed net.Error
	timeout := errors.As(err, &failed) && failed.Timeout()
	switch {
	case !connected:
		return archive.CauseUnreachable
	case timeout, errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return archive.CauseSilent
	default:
		return archive.CauseLost
	}
}

// mostGarbage is how many messages in a row may be unreadable before a network is
// taken for one that does not speak its protocol any more.
const mostGarbage = 100

var errGarbage = Caused(archive.CauseUnreadable, errors.New("nothing that is sent can be read"))

// Garbage counts the messages of a connection that cannot be read.
type Garbage struct{ row int }

// Another counts one more, and fails when there were too many in a row.
func (g *Garbage) Another() error {
	if g.row++; g.row >= mostGarbage {
		return errGarbage
	}
	return nil
}

// Over says that a message could be read.
func (g *Garbage) Over() { g.row = 0 }

package social

import (
	"context"
	"errors"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// Post is one public post as a network gives it. Of the author only a keyed hash
// leaves this package, and of the text nothing.
type Post struct {
	ID     string // the network's own, unique in it
	Author string // the account's id
	Text   string // plain
	// Language is a BCP 47 tag as the author's client said it, Place the country
	// (ISO 3166-1 alpha-2) of the place attached to the post, Profile the
	// location that the author's profile names. Each may be "".
	Language, Place, Profile string
	Repost                   bool
	At                       time.Time // when it was posted, by the network's clock
	Link                     string    // where everybody can read it
}

// Network reads one social network, or one instance of it.
type Network interface {
	Source() outage.Source
	// Instance tells two of a kind apart, such as a host name; "" if there is
	// only one.
	Instance() string
	// Read connects once, continues after the cursor, or now if it is "", and hands over
	// what it reads, in order. It returns nil when ctx ends, else why the
	// connection failed: a *RetryError says how long to wait at least, an error of
	// Permanent that another try is useless.
	Read(ctx context.Context, cursor string, out Out) error
}

// Out takes what a Network reads. Its methods may block while reports wait to be
// recorded, so that the network, not memory, holds what is to come.
type Out interface { //nolint:interfacebloat // one listener, and all that can be said to it
	// Connected says that the handshake has succeeded.
	Connected()
	// Alive says that something was heard, be it a keep-alive.
	Alive()
	// Post takes a post. It fails only when ctx ends.
	Post(ctx context.Context, post Post) error
	// Delete takes the id of a post that its author has deleted.
	Delete(ctx context.Context, id string) error
	// DeleteAll says that an account is gone, or hidden: all links that begin with
	// a text lead to its posts, and no others do.
	DeleteAll(ctx context.Context, links string) error
	// Skipped counts a message that is of no interest or could not be read:
	// "malformed", "too_large" or "other_kind".
	Skipped(reason string)
	// Advance says that all before a cursor has been handed over.
	Advance(cursor string)
}

// Resumes may be a method of a Network. If it is true, Read hands over what was
// posted while nothing was connected, oldest first, as far as it still counts.
type Resumes interface{ Resumes() bool }

// Backoff is how long to wait between failed connections: First, then twice as
// long each time up to Most. A Network may have a method Backoff() Backoff.
type Backoff struct {
	First, Most time.Duration
}

// RetryError is a failed connection after which the network wants to be left
// alone for some time.
type RetryError struct {
	After time.Duration
	Err   error
}

func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RetryError) Unwrap() error { return e.Err }

var errPermanent = errors.New("not tried again")

type permanent struct{ error }

func (p permanent) Unwrap() []error { return []error{p.error, errPermanent} }

// Permanent marks an error after which another try is useless, such as refused
// credentials.
func Permanent(err error) error { return permanent{err} }

// IsPermanent reports whether an error was marked by Permanent.
func IsPermanent(err error) bool { return errors.Is(err, errPermanent) }

// Outcry turns many people's complaints that a service is down into outages
// that can be cited. One binary plays every role; see the README.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	goredis "github.com/redis/go-redis/v9"

	"github.com/outcryhq/outcry/pkg/outage"
)

// The exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // a role, a store or an output failed
	exitUsage  = 2 // the command line, the settings or the input were wrong
)

func main() {
	goredis.SetLogger(quietRedis{})
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// quietRedis drops what the Redis client would print past our log: each of its
// errors also comes back from a call, and is logged once where it is handled.
type quietRedis struct{}

// Printf implements the client's logger.
func (quietRedis) Printf(context.Context, string, ...any) {}

// run is main without the process: it ends when the command does, or soon
// after SIGINT or SIGTERM. A second signal ends the process at once.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return execute(ctx, args, stdin, stdout, stderr)
}

// execute runs a command until it ends, or soon after ctx does, and returns
// the exit status.
func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	cmd := newCommand() //nolint:contextcheck // its commands get theirs from ExecuteContext
	cmd.SetArgs(args)
	cmd.SetIn(stdin)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	ran, err := cmd.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		_, _ = fmt.Fprintf(stderr, "outcry: %s: stopped\n", ran.Name())
		return exitFailed
	}
	// It may quote what a file or a server said.
	_, _ = fmt.Fprintf(stderr, "outcry: %s\n", strings.Map(printable, err.Error()))
	if errors.Is(err, errUsage) {
		return exitUsage
	}
	return exitFailed
}

// errUsage marks what the person who typed the command can mend: exit status 2.
var errUsage = errors.New("usage")

// badInput marks an error about a file that a command was given as errUsage,
// without another word. Errors of any other kind stay what they are.
func badInput(err error) error {
	if errors.Is(err, outage.ErrInvalid) {
		return misuse{err}
	}
	return err
}

type misuse struct{ error }

// Is says that it is errUsage, beside what it wraps.
func (m misuse) Is(target error) bool { return target == errUsage }

// Unwrap gives the error as it was.
func (m misuse) Unwrap() error { return m.error }

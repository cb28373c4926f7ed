package twitter

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/archive"
)

const (
	// longestV2 is the longest line that is read, in bytes.
	longestV2 = 1 << 20
	// mostDropped is how much of a longer line is read past, in bytes.
	mostDropped = 64 << 20
)

var (
	errV2Ended = errors.New("ended by X")
	errV2Quiet = social.Caused(archive.CauseSilent, errors.New("silent for too long"))
	errV2Long  = social.Caused(archive.CauseUnreadable, errors.New("a line without end"))
	errTooLong = errors.New("the line is too long")
)

// v2Lines reads lines of bounded length. Its watchdog runs while X is waited
// for, and not while we are.
type v2Lines struct {
	in       *bufio.Reader
	quiet    time.Duration
	watchdog *time.Timer
	buf      []byte
}

func newV2Lines(body io.Reader, quiet time.Duration, watchdog *time.Timer) *v2Lines {
	return &v2Lines{in: bufio.NewReaderSize(body, 64<<10), quiet: quiet, watchdog: watchdog}
}

// next returns a line without the spaces around it, empty for a keep-alive,
// valid until the next call. After errTooLong the line after it can be read.
func (l *v2Lines) next() ([]byte, error) {
	l.buf = l.buf[:0]
	dropped := 0
	for {
		l.watchdog.Reset(l.quiet)
		part, err := l.in.ReadSlice('\n')
		l.watchdog.Stop()
		if dropped > 0 || len(l.buf)+len(part) > longestV2 {
			dropped += len(l.buf) + len(part)
			l.buf = l.buf[:0]
		} else {
			l.buf = append(l.buf, part...)
		}
		switch {
		case dropped > mostDropped:
			return nil, errV2Long
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return nil, errV2Ended // what came of a last line is not whole
		case err != nil:
			return nil, fmt.Errorf("read from X: %w", err)
		case dropped > 0:
			return nil, errTooLong
		}
		return bytes.TrimSpace(l.buf), nil
	}
}

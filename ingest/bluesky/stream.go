package bluesky

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/coder/websocket"
	"github.com/klauspost/compress/zstd"

	"github.com/outcryhq/outcry/ingest/bluesky/internal/dictionary"
	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/archive"
)

const (
	// maxMessage bounds an event in bytes, as sent and as unpacked.
	maxMessage = 1 << 20
	// maxFrame is up to how many bytes a message that is too large is read and
	// thrown away. One that is even larger ends the connection.
	maxFrame = 16 << 20
	// maxUnreadable is how many messages in a row may be unreadable before the
	// host is taken for one that does not speak Jetstream's protocol.
	maxUnreadable = 100
)

// Why a connection ended.
var (
	errSilent     = social.Caused(archive.CauseSilent, errors.New("nothing was heard for too long"))
	errGoingAway  = errors.New("the host is going away")
	errUnreadable = social.Caused(archive.CauseUnreadable, errors.New("the host sends nothing that can be read"))
)

// stream reads one connection.
type stream struct {
	conn    *websocket.Conn
	out     social.Out
	silence time.Duration

	unpacker *zstd.Decoder
	frame    bytes.Buffer // as sent
	unpacked []byte
	row      int // of unreadable messages
}

func newStream(conn *websocket.Conn, out social.Out, silence time.Duration) (*stream, error) {
	unpacker, err := newUnpacker()
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(maxFrame)
	return &stream{conn: conn, out: out, silence: silence, unpacker: unpacker}, nil
}

func newUnpacker() (*zstd.Decoder, error) {
	unpacker, err := zstd.NewReader(nil, zstd.WithDecoderDicts(dictionary.Jetstream()),
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxMessage))
	if err != nil {
		return nil, fmt.Errorf("zstd dictionary: %w", err)
	}
	return unpacker, nil
}

// read hands over one message after another. It always returns an error.
func (s *stream) read(ctx context.Context) error {
	defer s.unpacker.Close()
	listening, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	// The time in which what was read is handed over is not the host's silence.
	watchdog := time.AfterFunc(s.silence, func() { stop(errSilent) })
	defer watchdog.Stop()
	for {
		watchdog.Reset(s.silence)
		kind, err := s.next(listening)
		watchdog.Stop()
		if err != nil && !errors.Is(err, errTooLarge) {
			if errors.Is(context.Cause(listening), errSilent) {
				return errSilent
			}
			if websocket.CloseStatus(err) == websocket.StatusGoingAway {
				return errGoingAway
			}
			if errors.Is(err, websocket.ErrMessageTooBig) {
				s.out.Skipped(skippedTooLarge)
			}
			return fmt.Errorf("read: %w", err)
		}
		s.out.Alive()
		if err != nil {
			s.out.Skipped(skippedTooLarge)
			continue
		}
		if err := s.take(ctx, kind); err != nil {
			return err
		}
	}
}

const (
	skippedMalformed = "malformed"
	skippedTooLarge  = "too_large"
	skippedOther     = "other_kind"
)

var errTooLarge = errors.New("the message is too large")

// next reads a message into the frame. errTooLarge says that it was thrown away.
func (s *stream) next(ctx context.Context) (websocket.MessageType, error) {
	kind, reader, err := s.conn.Reader(ctx)
	if err != nil {
		return 0, err //nolint:wrapcheck // read wraps it
	}
	s.frame.Reset()
	if _, err := s.frame.ReadFrom(io.LimitReader(reader, maxMessage+1)); err != nil {
		return 0, err //nolint:wrapcheck // read wraps it
	}
	if s.frame.Len() <= maxMessage {
		return kind, nil
	}
	s.frame = bytes.Buffer{} // one such message should not hold its memory for good
	if _, err := io.Copy(io.Discard, reader); err != nil {
		return 0, err //nolint:wrapcheck // read wraps it
	}
	return kind, errTooLarge
}

// take hands over the message in the frame. Binary ones are packed.
func (s *stream) take(ctx context.Context, kind websocket.MessageType) error {
	message := s.frame.Bytes()
	if kind == websocket.MessageBinary {
		unpacked, err := s.unpacker.DecodeAll(message, s.unpacked[:0])
		if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
			s.out.Skipped(skippedTooLarge)
			return nil
		}
		if err != nil {
			return s.unreadable()
		}
		message, s.unpacked = unpacked, unpacked
	}
	e, err := decode(message)
	if err != nil {
		return s.unreadable()
	}
	s.row = 0
	if err := s.handOver(ctx, e); err != nil {
		return fmt.Errorf("hand over: %w", err)
	}
	s.out.Advance(strconv.FormatInt(e.timeUS, 10))
	return nil
}

func (s *stream) handOver(ctx context.Context, e event) error {
	switch e.kind {
	case kindPost:
		return s.out.Post(ctx, e.post)
	case kindDeletion:
		return s.out.Delete(ctx, e.post.ID)
	case kindDeparture:
		return s.out.DeleteAll(ctx, e.links)
	case kindOther:
	}
	s.out.Skipped(skippedOther)
	return nil
}

// unreadable counts a message that cannot be read, and fails if all are so.
func (s *stream) unreadable() error {
	s.out.Skipped(skippedMalformed)
	if s.row++; s.row >= maxUnreadable {
		return errUnreadable
	}
	return nil
}

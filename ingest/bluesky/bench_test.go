package bluesky

import (
	"bytes"
	"context"
	"testing"

	"github.com/coder/websocket"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/bluesky/internal/dictionary"
	"github.com/outcryhq/outcry/ingest/social"
)

// discard is an Out that counts what it is given.
type discard struct{ posts, deleted, skipped int }

func (d *discard) Connected() {}
func (d *discard) Alive()     {}
func (d *discard) Post(context.Context, social.Post) error {
	d.posts++
	return nil
}

func (d *discard) Delete(context.Context, string) error {
	d.deleted++
	return nil
}

func (d *discard) DeleteAll(context.Context, string) error {
	d.deleted++
	return nil
}
func (d *discard) Skipped(string) { d.skipped++ }
func (d *discard) Advance(string) {}

// BenchmarkStream is everything that happens to a message on its way from the
// connection to the Listener.
func BenchmarkStream(b *testing.B) {
	events := []string{replyEvent, facetEvent, quoteEvent, replyEvent, deleteEvent, replyEvent, facetEvent, quoteEvent, identityEvent, accountEvent}
	b.Run("zstd", func(b *testing.B) {
		packer, err := zstd.NewWriter(nil, zstd.WithEncoderDict(dictionary.Jetstream()))
		require.NoError(b, err)
		var packed [][]byte
		for _, e := range events {
			packed = append(packed, packer.EncodeAll([]byte(e), nil))
		}
		benchmarkStream(b, websocket.MessageBinary, packed)
	})
	b.Run("plain", func(b *testing.B) {
		var plain [][]byte
		for _, e := range events {
			plain = append(plain, []byte(e))
		}
		benchmarkStream(b, websocket.MessageText, plain)
	})
}

func benchmarkStream(b *testing.B, kind websocket.MessageType, messages [][]byte) {
	b.Helper()
	unpacker, err := newUnpacker()
	require.NoError(b, err)
	defer unpacker.Close()
	out := &discard{}
	s := &stream{out: out, unpacker: unpacker}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		s.frame = *bytes.NewBuffer(messages[n%len(messages)])
		if err := s.take(b.Context(), kind); err != nil {
			b.Fatal(err)
		}
		n++
	}
	require.NotZero(b, out.posts)
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}

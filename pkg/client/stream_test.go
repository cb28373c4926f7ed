package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/client"
)

// reply is an answer of the wire.
type reply struct {
	status int
	header http.Header
	text   string
	body   func(*http.Request) io.ReadCloser // in place of text
}

// wire answers each connection with the next of its replies, and then hangs.
type wire struct {
	replies []reply
	asked   []*http.Request
	at      []time.Time
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	n := len(w.asked)
	w.asked, w.at = append(w.asked, r), append(w.at, time.Now())
	if n >= len(w.replies) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	answer := w.replies[n]
	if answer.header == nil {
		answer.header = http.Header{}
	}
	resp := &http.Response{StatusCode: answer.status, Header: answer.header}
	if resp.Body = io.NopCloser(strings.NewReader(answer.text)); answer.body != nil {
		resp.Body = answer.body(r)
	}
	return resp, nil
}

func events(text string) reply {
	return reply{status: http.StatusOK, header: http.Header{"Content-Type": {"text/event-stream; charset=utf-8"}}, text: text}
}

func refuses(status int, header http.Header, text string) reply {
	return reply{status: status, header: header, text: text}
}

func (w *wire) config() client.Config {
	return client.Config{BaseURL: "https://outcry.example/base", HTTP: &http.Client{Transport: w}}
}

func TestAStreamGoesOnFromTheLastEventWhenTheConnectionBreaks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{replies: []reply{
			events("retry: 2000\n\nid: a\nevent: outage\ndata: {\"n\":1}\n\n:\nid: b\n\nid: c\nevent: outage\ndata: cut"),
			refuses(http.StatusServiceUnavailable, http.Header{"Retry-After": {"7"}}, `{"title":"busy","status":503}`),
			events("id: d\r\nevent: status\r\ndata: {\r\ndata: }\r\n\r\n"),
		}}
		var why []string
		var got []client.Event
		for event, err := range client.Stream(t.Context(), w.config(), client.StreamOptions{
			Services: []string{"whatsapp", "signal"}, Countries: []string{"ID"}, Spikes: true, LastEventID: "start",
			Disconnected: func(err error, _ time.Duration) { why = append(why, err.Error()) },
		}) {
			require.NoError(t, err)
			if got = append(got, event); len(got) == 2 {
				break
			}
		}
		require.Equal(t, []client.Event{
			{ID: "a", Type: "outage", Data: []byte(`{"n":1}`)}, {ID: "d", Type: "status", Data: []byte("{\n}")},
		}, got)
		require.Equal(t, []string{"the server ended the connection", "503 busy"}, why)
		require.Equal(t, "/base/v1/stream?country=ID&service=whatsapp%2Csignal&spikes=true", w.asked[0].URL.RequestURI())
		require.Equal(t, "start", w.asked[0].Header.Get("Last-Event-ID"))
		require.Equal(t, "b", w.asked[1].Header.Get("Last-Event-ID"), "what was cut has not arrived; a heartbeat has")
		wait := w.at[1].Sub(w.at[0])
		require.True(t, wait >= time.Second && wait <= 2*time.Second, "%s", wait)
		require.GreaterOrEqual(t, w.at[2].Sub(w.at[1]), 7*time.Second)
	})
}

func TestAStreamEndsWhereTryingAgainCannotHelp(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		answer reply
		says   string
	}{
		"unknown service": {refuses(http.StatusNotFound, nil, `{"title":"not found","status":404,"detail":"there is no such service"}`), "404 not found: there is no such service"},
		"another server":  {refuses(http.StatusOK, http.Header{"Content-Type": {"text/html"}}, "<html>"), client.ErrNoStream.Error()},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &wire{replies: []reply{tc.answer}}
			var errs []error
			for _, err := range client.Stream(t.Context(), w.config(), client.StreamOptions{}) {
				errs = append(errs, err)
			}
			require.Len(t, errs, 1)
			require.ErrorContains(t, errs[0], tc.says)
		})
	}
	for _, err := range client.Stream(t.Context(), client.Config{BaseURL: "localhost:80"}, client.StreamOptions{}) {
		require.ErrorContains(t, err, "base URL")
	}
}

func TestAServerThatFallsSilentIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		silent, end := io.Pipe()
		defer func() { _ = end.Close() }()
		hangs := events("")
		hangs.body = func(r *http.Request) io.ReadCloser {
			context.AfterFunc(r.Context(), func() { _ = end.CloseWithError(errors.New("closed")) })
			return silent
		}
		w := &wire{replies: []reply{hangs}}
		began := time.Now()
		for event, err := range client.Stream(ctx, w.config(), client.StreamOptions{Disconnected: func(err error, _ time.Duration) {
			require.ErrorContains(t, err, "silent")
			require.Equal(t, 45*time.Second, time.Since(began))
			stop()
		}}) {
			require.FailNow(t, "there is no event", "%v %v", event, err)
		}
		require.Error(t, ctx.Err())
	})
}

// FuzzEvents reads what a server may send: no input makes the reader fail other
// than with an error, and how the bytes are cut up changes nothing.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("id: 1\ndata: x\n\n"), 1)
	f.Add([]byte("\xEF\xBB\xBFdata\r\rdata:a\ndata: b\r\n\r\nid: \x00\nretry: 10\nevent:  y\n\ndata: rest"), 3)
	f.Add([]byte(":\n\n\r\n\rretry:+5\nretry: 99999999999999\nid\ndata: \n\n"), 2)
	f.Fuzz(func(t *testing.T, text []byte, step int) {
		whole := client.ReadEvents(bytes.NewReader(text))
		pieces := client.ReadEvents(&stepped{text, max(step%7, 1)})
		require.Equal(t, whole, pieces)
		for _, event := range whole {
			require.NotEmpty(t, event.Type)
			require.NotContains(t, event.ID, "\x00")
			require.NotContains(t, event.Type, "\n")
			require.NotContains(t, string(event.Data), "\r")
		}
	})
}

// stepped gives a few bytes at a time.
type stepped struct {
	left []byte
	step int
}

func (s *stepped) Read(p []byte) (int, error) {
	if len(s.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.left[:min(s.step, len(s.left))])
	s.left = s.left[n:]
	return n, nil
}

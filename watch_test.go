package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const openedEvent = `{"change":"opened","outage":{"id":"015f80e4-d000-7cc1-9f11-46a1ad3f4da2","service":"whats\u001b[31mapp","state":"ongoing","started_at":"2017-11-03T08:00:00Z","reports":4211,"peak":{"reports_per_minute":240},"impacts":[{"country":"NL","peak":{"reports_per_minute":3}},{"country":"ID","peak":{"reports_per_minute":240}}]}}`

// serveEvents answers the first connection with some events and an end, and the second with the rest.
func serveEvents(t *testing.T, first, second string) (*httptest.Server, *atomic.Pointer[http.Request]) {
	t.Helper()
	var last atomic.Pointer[http.Request]
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last.Store(r)
		w.Header().Set("Content-Type", "text/event-stream")
		text := first
		if asked.Add(1) > 1 {
			text = second
		}
		_, _ = w.Write([]byte("retry: 1\n\n" + text))
		if asked.Load() > 1 {
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}
	}))
	t.Cleanup(server.Close)
	return server, &last
}

func TestWatchPrintsChangesAndComesBackWithTheLastID(t *testing.T) {
	t.Parallel()
	server, last := serveEvents(t,
		"id: 1\nevent: outage\ndata: "+openedEvent+"\n\n",
		"id: 2\nevent: status\ndata: {\"live\":\"away\",\"since\":\"2017-11-03T08:00:00Z\"}\n\n")
	ctx, interrupt := context.WithCancel(t.Context())
	var out, errs lockedBuffer
	ended := make(chan int, 1)
	go func() {
		ended <- execute(ctx, []string{"watch", "--url", server.URL, "--service", "whatsapp", "--country", "id"}, strings.NewReader(""), &out, &errs)
	}()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "lost its live counts") }, 10*time.Second, time.Millisecond)
	interrupt()
	require.Equal(t, exitOK, <-ended, errs.String())
	first, _, _ := strings.Cut(out.String(), "\n")
	require.Equal(t, "opened    whats\uFFFD[31mapp in ID NL, since 2017-11-03 08:00 UTC: 4211 reports, up to 240 a minute  "+server.URL+"/outages/015f80e4-d000-7cc1-9f11-46a1ad3f4da2", first,
		"without what would steer a terminal")
	require.Contains(t, errs.String(), "outcry: watch: the server ended the connection; trying again in ")
	require.Equal(t, "1", last.Load().Header.Get("Last-Event-ID"))
	require.Equal(t, "country=ID&service=whatsapp", last.Load().URL.RawQuery)
}

func TestWatchPrintsJSONLines(t *testing.T) {
	t.Parallel()
	server, _ := serveEvents(t, "", "id: 1\nevent: outage\ndata: "+openedEvent+"\n\nevent: new\ndata: 7\n\n")
	ctx, interrupt := context.WithCancel(t.Context())
	var out, errs lockedBuffer
	ended := make(chan int, 1)
	go func() {
		ended <- execute(ctx, []string{"watch", "--url", server.URL, "--json"}, strings.NewReader(""), &out, &errs)
	}()
	require.Eventually(t, func() bool { return strings.Count(out.String(), "\n") == 2 }, 10*time.Second, time.Millisecond)
	interrupt()
	require.Equal(t, exitOK, <-ended)
	lines := strings.Split(out.String(), "\n")
	var got struct {
		ID, Event string
		Data      json.RawMessage
	}
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &got))
	require.Equal(t, "outage", got.Event)
	require.JSONEq(t, openedEvent, string(got.Data))
	require.JSONEq(t, `{"id":"1","event":"new","data":7}`, lines[1], "what is not known yet is passed on")
}

func TestWatchSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	server := startOutcry(t, freeAddress(t), "--data-dir", t.TempDir())
	page := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(page.Close)
	cases := map[string]struct {
		args   []string
		status int
		says   string
	}{
		"no URL":             {[]string{"--url", "localhost:8080"}, exitUsage, "--url: expected a URL such as"},
		"no country":         {[]string{"--country", "Narnia"}, exitUsage, `not "Narnia"`},
		"a mistyped service": {[]string{"--url", server.url, "--service", "whatsap"}, exitUsage, "there is no such service (service); did you mean whatsapp"},
		"an argument":        {[]string{"whatsapp"}, exitUsage, `does not know "whatsapp"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, _, stderr := outcry("", append([]string{"watch"}, tc.args...)...)
			require.Equal(t, tc.status, status, stderr)
			require.Contains(t, stderr, tc.says)
		})
	}
}

func TestAnOutcryThatStopsEndsItsStreamsAtOnce(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	server := startOutcry(t, address, "--data-dir", t.TempDir())
	ctx, interrupt := context.WithCancel(t.Context())
	var out, errs lockedBuffer
	ended := make(chan int, 1)
	go func() {
		ended <- execute(ctx, []string{"watch", "--json", "--url", server.url}, strings.NewReader(""), &out, &errs)
	}()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), `"live":"ok"`) }, 30*time.Second, time.Millisecond)
	began := time.Now()
	require.Equal(t, exitOK, server.stop(), "%s", server.logs)
	require.Less(t, time.Since(began), 10*time.Second, "and does not wait for them to end by themselves")
	require.Eventually(t, func() bool { return strings.Contains(errs.String(), "trying again in") }, 10*time.Second, time.Millisecond)
	interrupt()
	require.Equal(t, exitOK, <-ended)
	require.NotContains(t, out.String(), "\n\n")
}

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// load posts reports over many connections, each from an address of its own.
type load struct {
	address     string // of the server
	services    []string
	connections int
	next        *atomic.Uint32 // the reporters used so far
}

// loadResult is what became of the requests.
type loadResult struct {
	sent, counted int
	took          time.Duration
	latencies     []time.Duration
}

func (r loadResult) perSecond() float64 { return float64(r.sent) / r.took.Seconds() }

func (r loadResult) quantile(q float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	slices.Sort(r.latencies)
	return r.latencies[int(q*float64(len(r.latencies)-1))]
}

// reporterAddress spreads reporters over the public IPv4 space, each once.
func reporterAddress(n uint32) netip.Addr {
	n = n*2654435761 + 12345 // a bijection on 32 bits, after Knuth
	a := [4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	return netip.AddrFrom4(a)
}

// run sends for the duration, at the rate in all (0: as fast as it goes).
// Latencies count from the moment at which a request was due, so that a stalled
// server is charged for those that had to wait for it.
func (l load) run(tb testing.TB, duration time.Duration, rate float64) loadResult {
	tb.Helper()
	conns := l.dial(tb)
	var mu sync.Mutex
	var all loadResult
	var wg sync.WaitGroup
	start := time.Now()
	each := rate / float64(l.connections)
	for i, conn := range conns {
		wg.Go(func() {
			defer func() { _ = conn.Close() }()
			result, err := l.connection(conn, start, duration, each, float64(i)/float64(l.connections))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				tb.Errorf("load: %v", err)
			}
			all.sent += result.sent
			all.counted += result.counted
			all.latencies = append(all.latencies, result.latencies...)
		})
	}
	wg.Wait()
	all.took = time.Since(start)
	require.False(tb, tb.Failed())
	return all
}

// dial opens the connections, before the clock runs: at the rate of people who
// arrive one by one, that all dial at once would be most of what is measured.
func (l load) dial(tb testing.TB) []net.Conn {
	tb.Helper()
	conns := make([]net.Conn, l.connections)
	for i := range conns {
		conn, err := net.Dial("tcp", l.address)
		require.NoError(tb, err)
		conns[i] = conn
	}
	return conns
}

// connection sends one request after the other. The phase, from 0 to 1, is that
// of its beat: the requests of all connections together come evenly, not all at once.
func (l load) connection(conn net.Conn, start time.Time, duration time.Duration, rate, phase float64) (loadResult, error) {
	var result loadResult
	reader := bufio.NewReader(conn)
	var request, body []byte
	for i := 0; ; i++ {
		due := time.Now()
		if rate > 0 {
			due = start.Add(time.Duration((float64(i) + phase) / rate * float64(time.Second)))
			if wait := time.Until(due); wait > 0 {
				time.Sleep(wait) //nolint:forbidigo // paces the load; nothing is awaited
			}
		}
		if due.Sub(start) >= duration {
			return result, nil
		}
		request = l.appendRequest(request[:0])
		if _, err := conn.Write(request); err != nil {
			return result, err
		}
		var err error
		if body, err = readAnswer(reader, body[:0]); err != nil {
			return result, err
		}
		result.latencies = append(result.latencies, time.Since(due))
		result.sent++
		if bytes.Contains(body, []byte(`"counted":true`)) {
			result.counted++
		}
	}
}

func (l load) appendRequest(b []byte) []byte {
	n := l.next.Add(1)
	body := `{"service":"` + l.services[int(n)%len(l.services)] + `","country":"NL"}`
	return fmt.Appendf(b, "POST /v1/reports HTTP/1.1\r\nHost: outcry\r\nContent-Type: application/json\r\n"+
		"X-Forwarded-For: %s\r\nContent-Length: %d\r\n\r\n%s", reporterAddress(n), len(body), body)
}

// readAnswer reads one HTTP/1.1 answer with a Content-Length and returns its
// body. It is frugal, because it shares the processors with the server.
func readAnswer(r *bufio.Reader, body []byte) ([]byte, error) {
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if len(line) <= 2 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return nil, err
			}
		}
	}
	body = slices.Grow(body, length)[:length]
	_, err := io.ReadFull(r, body)
	return body, err
}

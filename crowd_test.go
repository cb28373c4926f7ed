package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// crowd posts reports without end, each from a person of its own, and insists:
// a report that was not acknowledged is sent again under the same
// Idempotency-Key until it is, or until the crowd is called off.
type crowd struct {
	urls     []string // of the ingest processes, tried in turn
	services []string
	country  string
	client   *http.Client

	next  atomic.Uint32
	mu    sync.Mutex
	acked map[string]ackedReport // by id
	bell  chan struct{}          // rung at each acknowledgement
}

// ackedReport is what the server said of a report.
type ackedReport struct {
	ID      string `json:"id"`
	Service string `json:"service"`
	Country string `json:"country"`
	Counted bool   `json:"counted"`
}

func newCrowd(country string, services []string, urls ...string) *crowd {
	return &crowd{
		urls: urls, services: services, country: country,
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
		acked:  map[string]ackedReport{},
		bell:   make(chan struct{}, 1),
	}
}

// gather starts people on so many connections; the returned function calls
// them off and waits.
func (c *crowd) gather(tb testing.TB, people int) (callOff func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	var wg sync.WaitGroup
	for range people {
		wg.Go(func() {
			for ctx.Err() == nil {
				c.insist(ctx, c.next.Add(1))
			}
		})
	}
	var once sync.Once
	stop := func() { once.Do(func() { cancel(); wg.Wait() }) }
	tb.Cleanup(stop)
	return stop
}

func (c *crowd) insist(ctx context.Context, n uint32) {
	for try := 0; ctx.Err() == nil; try++ {
		// What is on its way is waited for, so that nothing is once the crowd is gone.
		report, err := c.post(context.WithoutCancel(ctx), c.urls[try%len(c.urls)], n)
		if err == nil {
			c.mu.Lock()
			c.acked[report.ID] = report
			c.mu.Unlock()
			select {
			case c.bell <- struct{}{}:
			default:
			}
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (c *crowd) post(ctx context.Context, url string, n uint32) (ackedReport, error) {
	var report ackedReport
	body := fmt.Sprintf(`{"service":%q,"country":%q}`, c.services[int(n)%len(c.services)], c.country)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/reports", strings.NewReader(body))
	if err != nil {
		return report, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-For", reporterAddress(n).String())
	req.Header.Set("Idempotency-Key", fmt.Sprintf("person-%d", n))
	resp, err := c.client.Do(req)
	if err != nil {
		return report, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusAccepted {
		return report, fmt.Errorf("answered %s", resp.Status)
	}
	return report, json.NewDecoder(resp.Body).Decode(&report)
}

// acknowledged is how many reports were acknowledged so far.
func (c *crowd) acknowledged() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.acked)
}

// waitFor waits until so many more reports were acknowledged.
func (c *crowd) waitFor(tb testing.TB, more int) {
	tb.Helper()
	goal := c.acknowledged() + more
	deadline := time.After(90 * time.Second)
	for c.acknowledged() < goal {
		select {
		case <-c.bell:
		case <-deadline:
			require.FailNow(tb, "the crowd is not heard", "%d of %d", c.acknowledged(), goal)
		}
	}
}

// countedBy sums what was acknowledged as counted, by service.
func (c *crowd) countedBy() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := map[string]int{}
	for _, report := range c.acked {
		if report.Counted {
			sum[report.Service]++
		}
	}
	return sum
}

// people is how many complained about a service, acknowledged or not.
func (c *crowd) people(service string) int {
	n := 0
	for person := uint32(1); person <= c.next.Load(); person++ {
		if c.services[int(person)%len(c.services)] == service {
			n++
		}
	}
	return n
}

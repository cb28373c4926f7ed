package client_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/client"
)

// server is a transport that answers from a function: no network, so that time
// can be that of a synctest bubble.
type server func(w http.ResponseWriter, r *http.Request)

func (s server) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	s(recorder, r)
	return recorder.Result(), nil
}

func ask(t *testing.T, cfg client.Config, s server) *client.ClientWithResponses {
	t.Helper()
	cfg.BaseURL, cfg.HTTP = "https://outcry.example", &http.Client{Transport: s}
	asked, err := client.New(cfg)
	require.NoError(t, err)
	return asked
}

func problem(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func TestAnswersAreDecoded(t *testing.T) {
	t.Parallel()
	asked := ask(t, client.Config{UserAgent: "newsroom/2 (desk@news.example)"}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, `{"outages":[{"service":"whatsapp"}],"complete":true,"next_cursor":null}`)
		if r.URL.String() != "https://outcry.example/v1/outages?service=whatsapp&state=ongoing" || r.UserAgent() != "newsroom/2 (desk@news.example)" {
			panic(r.URL.String() + " " + r.UserAgent())
		}
	})
	state := client.Ongoing
	answer, err := asked.ListOutagesWithResponse(t.Context(), &client.ListOutagesParams{Service: new("whatsapp"), State: &state})
	require.NoError(t, err)
	require.Equal(t, "whatsapp", answer.JSON200.Outages[0].Service)
	require.Nil(t, answer.JSON200.NextCursor)
}

func TestProblemsAreErrors(t *testing.T) {
	t.Parallel()
	asked := ask(t, client.Config{}, func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusNotFound, `{"type":"/problems/not-found","title":"not found","status":404,"detail":"there is no such service","field":"service","suggestions":["whatsapp"]}`)
	})
	_, err := asked.GetServiceWithResponse(t.Context(), "whatsap")
	var failed *client.Error
	require.ErrorAs(t, err, &failed)
	require.Equal(t, http.StatusNotFound, failed.Status)
	require.Equal(t, []string{"whatsapp"}, failed.Suggestions)
	require.EqualError(t, failed, "404 not found: there is no such service (service)")
}

func TestErrorsOfOthersAreQuotedShortly(t *testing.T) {
	t.Parallel()
	asked := ask(t, client.Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, strings.Repeat("<html>", 1<<20))
	})
	_, err := asked.ListServicesWithResponse(t.Context(), nil)
	var failed *client.Error
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "Bad Gateway", failed.Title)
	require.Less(t, len(err.Error()), 300)
}

func TestAsksAgainWhenToldTo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asks, begun := 0, time.Now()
		asked := ask(t, client.Config{}, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if asks++; err != nil || string(body) != `{"service":"whatsapp"}` {
				panic(string(body))
			}
			if asks < 3 {
				w.Header().Set("Retry-After", "7")
				problem(w, http.StatusTooManyRequests, `{"title":"too many requests"}`)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"service":"whatsapp","counted":true}`)
		})
		answer, err := asked.ReportWithResponse(t.Context(), nil, client.Report{Service: "whatsapp"})
		require.NoError(t, err)
		require.True(t, answer.JSON202.Counted)
		require.Equal(t, 14*time.Second, time.Since(begun))
	})
}

func TestGivesUp(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cfg    client.Config
		status int
		after  string
		asks   int
	}{
		"after the last try":      {client.Config{Retries: 2}, http.StatusServiceUnavailable, "1", 3},
		"where none is wanted":    {client.Config{Retries: -1}, http.StatusServiceUnavailable, "1", 1},
		"when the wait is long":   {client.Config{MaxWait: time.Second}, http.StatusTooManyRequests, "2", 1},
		"when nobody says when":   {client.Config{}, http.StatusServiceUnavailable, "", 1},
		"when it would not help":  {client.Config{}, http.StatusBadRequest, "1", 1},
		"when the date is no use": {client.Config{}, http.StatusServiceUnavailable, "soon", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asks := 0
				asked := ask(t, tt.cfg, func(w http.ResponseWriter, _ *http.Request) {
					asks++
					w.Header().Set("Retry-After", tt.after)
					problem(w, tt.status, `{"title":"no"}`)
				})
				_, err := asked.ListSourcesWithResponse(t.Context())
				var failed *client.Error
				require.ErrorAs(t, err, &failed)
				require.Equal(t, tt.status, failed.Status)
				require.Equal(t, tt.asks, asks)
			})
		})
	}
}

func TestReadsADateToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := ask(t, client.Config{Retries: -1}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", time.Now().Add(30*time.Second).UTC().Format(http.TimeFormat))
			problem(w, http.StatusServiceUnavailable, `{"title":"no"}`)
		})
		_, err := asked.ListSourcesWithResponse(t.Context())
		var failed *client.Error
		require.ErrorAs(t, err, &failed)
		require.Equal(t, 30*time.Second, failed.RetryAfter)
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		asked := ask(t, client.Config{}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "30")
			problem(w, http.StatusServiceUnavailable, `{"title":"no"}`)
		})
		_, err := asked.ListSourcesWithResponse(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestBaseURLIsChecked(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "outcry.example", "ftp://outcry.example", "http://", "http://%zz"} {
		_, err := client.New(client.Config{BaseURL: base})
		require.ErrorContains(t, err, "base URL", base)
	}
}

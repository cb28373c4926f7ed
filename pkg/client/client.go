package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// DefaultUserAgent is what a client calls itself if nothing else is said.
	DefaultUserAgent = "outcry-client/1"
	// DefaultRetries is how often a client asks again after 429 and 503.
	DefaultRetries = 3
	// DefaultMaxWait is the longest that it waits before it asks again.
	DefaultMaxWait = time.Minute

	// maxProblem bounds the body of an answer that is an error, in bytes.
	maxProblem = 64 << 10
	// maxText bounds what an error quotes of one that is not understood.
	maxText = 200
)

// Config is what New needs. Only BaseURL is required.
type Config struct {
	// BaseURL is where the server is, such as "https://outcry.example".
	BaseURL string
	// UserAgent names the program that asks, best with an address at which its
	// people can be reached; "" means DefaultUserAgent.
	UserAgent string
	// HTTP sends the requests; nil means http.DefaultClient. A Timeout in it cuts
	// event streams too: bound single calls by their context instead.
	HTTP *http.Client
	// Retries is how often a request is sent again after 429 or 503 with Retry-After;
	// 0 means DefaultRetries, a negative number never.
	Retries int
	// MaxWait is the longest Retry-After that is waited for; 0 means DefaultMaxWait.
	MaxWait time.Duration
}

// New returns a client. It may be used by many goroutines at once.
func New(cfg Config) (*ClientWithResponses, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errors.New(`client: base URL: want one like "https://outcry.example"`)
	}
	s := &sender{http: cfg.HTTP, agent: cfg.UserAgent, retries: cfg.Retries, maxWait: cfg.MaxWait}
	if s.http == nil {
		s.http = http.DefaultClient
	}
	if s.agent == "" {
		s.agent = DefaultUserAgent
	}
	if s.retries == 0 {
		s.retries = DefaultRetries
	}
	if s.maxWait == 0 {
		s.maxWait = DefaultMaxWait
	}
	return NewClientWithResponses(cfg.BaseURL, WithHTTPClient(s))
}

// Error is an answer with a status of 400 or more. Its text is the server's.
type Error struct {
	Problem
	// RetryAfter is how long the server asks to wait, 0 if it does not say.
	RetryAfter time.Duration
}

// Error gives what the server said was wrong.
func (e *Error) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, e.Title)
	if e.Detail != nil {
		text += ": " + *e.Detail
	}
	if e.Field != nil {
		text += " (" + *e.Field + ")"
	}
	return text
}

// sender sends requests, again if need be, and makes errors of problems.
type sender struct {
	http    *http.Client
	agent   string
	retries int
	maxWait time.Duration
}

// Do implements HttpRequestDoer.
func (s *sender) Do(req *http.Request) (*http.Response, error) {
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", s.agent)
	}
	for try := 0; ; try++ {
		resp, err := s.http.Do(req)
		if err != nil {
			return nil, fmt.Errorf("ask the server: %w", err)
		}
		if resp.StatusCode < http.StatusBadRequest {
			return resp, nil
		}
		failed := readError(resp)
		again := resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable
		if !again || try >= s.retries || failed.RetryAfter <= 0 || failed.RetryAfter > s.maxWait {
			return nil, failed
		}
		if err := wait(req.Context(), failed.RetryAfter); err != nil {
			return nil, errors.Join(failed, err)
		}
		if req, err = anew(req); err != nil {
			return nil, errors.Join(failed, err)
		}
	}
}

// anew returns the request to be sent once more.
func anew(req *http.Request) (*http.Request, error) {
	again := req.Clone(req.Context())
	if req.Body == nil || req.Body == http.NoBody {
		return again, nil
	}
	if req.GetBody == nil {
		return nil, errors.New("the body of the request cannot be sent again")
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, fmt.Errorf("send the body of the request again: %w", err)
	}
	again.Body = body
	return again, nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to ask again: %w", ctx.Err())
	}
}

// readError reads and closes an answer that is an error. What is between may
// answer too, with something else than problem details.
func readError(resp *http.Response) *Error {
	defer func() { _ = resp.Body.Close() }()
	failed := &Error{RetryAfter: retryAfter(resp.Header)}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err != nil || json.Unmarshal(body, &failed.Problem) != nil || failed.Title == "" {
		text := string(body[:min(len(body), maxText)])
		failed.Problem = Problem{Type: "about:blank", Title: http.StatusText(resp.StatusCode), Detail: &text}
	}
	failed.Status = resp.StatusCode
	return failed
}

// retryAfter reads Retry-After (RFC 9110, section 10.2.3); 0 if there is none.
func retryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return time.Duration(max(seconds, 0)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}

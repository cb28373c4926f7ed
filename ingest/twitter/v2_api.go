package twitter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/outcryhq/outcry/ingest/social"
)

const (
	streamPath = "2/tweets/search/stream"
	rulesPath  = "2/tweets/search/stream/rules"
	// longestAnswer bounds an answer about rules, and a refusal, in bytes.
	longestAnswer  = 8 << 20
	longestRefusal = 64 << 10
	rulesTimeout   = 30 * time.Second
)

// v2Pauses are the waits that X asks for, which double with each refusal in a row.
type v2Pauses struct{ limited, refused time.Duration }

func (p *v2Pauses) afterLimit() time.Duration {
	p.limited = min(max(2*p.limited, firstLimited), mostLimited)
	return p.limited
}

func (p *v2Pauses) afterRefusal() time.Duration {
	p.refused = min(max(2*p.refused, firstRefused), mostRefused)
	return p.refused
}

func (n *V2) request(ctx context.Context, method, path, query string, body []byte) (*http.Response, error) {
	target := *n.base.JoinPath(path)
	target.RawQuery = query
	req, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask X: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+n.bearer)
	req.Header.Set("User-Agent", "outcry")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := n.client.Do(req)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err
		}
		return nil, fmt.Errorf("ask X: %w", err)
	}
	return res, nil
}

// askRules asks the rules endpoint. A refusal that names rules is an answer too.
func (n *V2) askRules(ctx context.Context, method, query string, question any) (v2Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, rulesTimeout)
	defer cancel()
	var body []byte
	if question != nil {
		var err error
		if body, err = json.Marshal(question); err != nil {
			return v2Answer{}, fmt.Errorf("write rules: %w", err)
		}
	}
	res, err := n.request(ctx, method, rulesPath, query, body)
	if err != nil {
		return v2Answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	if err != nil {
		return v2Answer{}, fmt.Errorf("read X's rules: %w", err)
	}
	var answer v2Answer
	malformed := json.Unmarshal(text, &answer) != nil
	switch status := res.StatusCode; {
	case status == http.StatusOK || status == http.StatusCreated:
		if malformed {
			return v2Answer{}, &social.RetryError{After: n.pauses.afterRefusal(), Err: errors.New("the answer about rules cannot be read")}
		}
		return answer, nil
	case !malformed && (status == http.StatusBadRequest || status == http.StatusUnprocessableEntity) && answer.namesRules():
		return answer, nil
	}
	return v2Answer{}, n.refusal(res, text)
}

// refusal says what a status means. Only the status is repeated: what else was
// said may be anything.
func (n *V2) refusal(res *http.Response, body []byte) error {
	err := fmt.Errorf("answered with status %d", res.StatusCode)
	switch res.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return social.Permanent(fmt.Errorf("%w: the bearer token or its plan does not allow this", err))
	case http.StatusTooManyRequests:
		var problem v2Problem
		if json.Unmarshal(body, &problem) == nil && problem.tooMany() {
			return n.tooMany()
		}
		return &social.RetryError{After: n.untilReset(res.Header), Err: err}
	}
	wait := n.pauses.afterRefusal()
	if asked, ok := seconds(res.Header.Get("Retry-After")); ok {
		wait = asked
	}
	return &social.RetryError{After: wait, Err: err}
}

func (n *V2) tooMany() error {
	return &social.RetryError{After: n.pauses.afterLimit(), Err: errV2TooMany}
}

// untilReset is how long a limit lasts: until x-rate-limit-reset, in seconds
// since 1970, else as long as Retry-After says, else a minute and then twice as long.
func (n *V2) untilReset(header http.Header) time.Duration {
	wait := n.pauses.afterLimit()
	if at, err := strconv.ParseInt(header.Get("X-Rate-Limit-Reset"), 10, 64); err == nil && at > 0 && at < 1<<40 {
		// A second more: theirs are whole.
		return min(max(time.Unix(at, 0).Sub(n.now()), 0), mostAsked-time.Second) + time.Second
	}
	if asked, ok := seconds(header.Get("Retry-After")); ok {
		return asked
	}
	return wait
}

func seconds(text string) (time.Duration, bool) {
	s, err := strconv.Atoi(text)
	if err != nil || s <= 0 {
		return 0, false
	}
	return time.Duration(min(s, int(mostAsked/time.Second))) * time.Second, true
}

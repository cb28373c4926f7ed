package api

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// maxMemo bounds how many bodies a memo keeps, and so its memory: a few
// megabytes of charts.
const maxMemo = 256

// memo keeps what costs something to make, such as a picture, for whoever asks
// next. Whoever asks for the same while it is being made waits for it.
type memo struct {
	now   func() time.Time
	group singleflight.Group

	mu   sync.Mutex
	kept map[string]kept
}

type kept struct {
	body  []byte
	until time.Time
}

func newMemo(now func() time.Time) *memo {
	return &memo{now: now, kept: map[string]kept{}}
}

// get returns what was made under the key, or makes it and keeps it for a
// while. Callers share it and must not change it. Errors are not kept.
func (m *memo) get(ctx context.Context, key string, keep time.Duration, build func(context.Context) ([]byte, error)) ([]byte, error) {
	m.mu.Lock()
	known, ok := m.kept[key]
	m.mu.Unlock()
	if ok && m.now().Before(known.until) {
		return known.body, nil
	}
	made, err, _ := m.group.Do(key, func() (any, error) {
		// It is everybody's: one client that hangs up must not spoil it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		defer cancel()
		until := m.now().Add(keep)
		body, err := build(ctx)
		if err == nil {
			m.put(key, kept{body, until})
		}
		return body, err
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // it is that of build
	}
	body, ok := made.([]byte)
	if !ok {
		return nil, fmt.Errorf("memo: %T is no body", made)
	}
	return body, nil
}

// put keeps a body. When there are too many, those that are old go, and else any.
func (m *memo) put(key string, body kept) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.kept) >= maxMemo {
		now := m.now()
		for other, old := range m.kept {
			if !now.Before(old.until) {
				delete(m.kept, other)
			}
		}
		for other := range m.kept {
			if len(m.kept) < maxMemo {
				break
			}
			delete(m.kept, other)
		}
	}
	m.kept[key] = body
}

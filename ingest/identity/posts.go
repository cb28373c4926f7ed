package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// PostKeyStore keeps the key of an installation's posts. It is not the archive:
// who has the archive alone cannot tell whether a post that everybody can read
// is in it.
type PostKeyStore interface {
	// PostKey returns the 32-byte key, the same one to every process and after
	// every start. offer is kept, and returned, if there is none.
	PostKey(ctx context.Context, offer []byte) ([]byte, error)
}

// offerEvery is how often a process gives the key back to a store that has lost it.
const offerEvery = time.Minute

// Posts gives the ids of the reports that are made of posts. It may be used by
// many goroutines at once.
type Posts struct {
	store  PostKeyStore
	logger *slog.Logger

	mu  sync.Mutex
	key *secret // nil until it was fetched, then never changed
}

// NewPosts returns Posts that have not fetched the key yet.
func NewPosts(store PostKeyStore, logger *slog.Logger) (*Posts, error) {
	if store == nil || logger == nil {
		return nil, errors.New("identity: store and logger are required")
	}
	return &Posts{store: store, logger: logger}, nil
}

// PostID is the id of the report of a source's post, the same wherever and
// whenever it is asked for. The error wraps outage.ErrUnavailable, and there is
// none any more after the first id.
func (p *Posts) PostID(ctx context.Context, source outage.Source, post string) (outage.ID, error) {
	key, err := p.fetch(ctx)
	if err != nil {
		return outage.ID{}, err
	}
	// A digest has the length that a message of mac may have. No source has a zero byte.
	message := sha256.Sum256([]byte(string(source) + "\x00" + post))
	sum := key.mac(labelPost, message[:])
	return outage.DeriveID(string(sum[:])), nil
}

func (p *Posts) fetch(ctx context.Context) (*secret, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.key != nil {
		return p.key, nil
	}
	offer := make([]byte, keySize)
	_, _ = rand.Read(offer) // never fails
	key, err := p.ask(ctx, offer)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	p.key = &secret{}
	copy(p.key[:], key)
	return p.key, nil
}

func (p *Posts) ask(ctx context.Context, offer []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	key, err := p.store.PostKey(ctx, offer)
	if err != nil {
		return nil, fmt.Errorf("%w: key of the posts: %w", outage.ErrUnavailable, err)
	}
	if len(key) != keySize {
		return nil, fmt.Errorf("%w: key of the posts: %d bytes, want %d", outage.ErrUnavailable, len(key), keySize)
	}
	return key, nil
}

// Run gives the key back to a store that has lost it, until the context ends: a
// Redis that came back empty.
func (p *Posts) Run(ctx context.Context) error {
	ticker := time.NewTicker(offerEvery)
	defer ticker.Stop()
	said := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		p.mu.Lock()
		key := p.key
		p.mu.Unlock()
		if key == nil {
			continue
		}
		kept, err := p.ask(ctx, key[:])
		if err == nil && string(kept) != string(key[:]) && !said {
			said = true
			p.logger.Error("another process makes ids of posts with another key; restart this one")
		}
		clear(kept)
	}
}

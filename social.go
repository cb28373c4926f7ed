package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/outcryhq/outcry/ingest"
	"github.com/outcryhq/outcry/ingest/identity"
	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/pkg/live/redis"
	"github.com/outcryhq/outcry/pkg/outage"
)

// networkKind is a kind of social network: its settings, and how it is opened.
type networkKind struct {
	// bind declares the flags; their fields are in socialConfig.
	bind func(c *socialConfig, fs *pflag.FlagSet)
	// secrets are those of the flags that hold credentials.
	secrets []string
	// validate refuses settings that are wrong; nil if none can be.
	validate func(c *socialConfig) error
	// open returns the networks that are switched on. It connects to nothing.
	open func(b *builder) ([]social.Network, error)
}

// networkKinds are all social networks that Outcry can listen to.
func networkKinds() []networkKind {
	return []networkKind{blueskyKind(), mastodonKind(), xKind(), gatewayKind()}
}

// socialConfig is what the settings say of social networks.
type socialConfig struct {
	KeepLinks bool
	Bluesky   blueskyHosts
	Mastodon  mastodonConfig
	X         xConfig
	Gateway   gatewayConfig
}

func (c *socialConfig) bind(fs *pflag.FlagSet) {
	fs.BoolVar(&c.KeepLinks, "keep-links", c.KeepLinks, "keep the public link of each post that is taken for a complaint, until its author deletes it")
	for _, kind := range networkKinds() {
		kind.bind(c, fs)
	}
}

func (c *socialConfig) validate() error {
	for _, kind := range networkKinds() {
		if kind.validate == nil {
			continue
		}
		if err := kind.validate(c); err != nil {
			return err
		}
	}
	return nil
}

// socialSecret says whether a flag holds the credentials of a social network.
func socialSecret(name string) bool {
	return slices.ContainsFunc(networkKinds(), func(kind networkKind) bool { return slices.Contains(kind.secrets, name) })
}

// readPrivate reads a file of credentials, which its owner alone may use.
func readPrivate(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("%s has mode %04o, so that others than its owner can use what is in it; chmod 600 it", path, info.Mode().Perm())
	}
	text, err := readRegular(path)
	return bytes.TrimPrefix(text, []byte("\uFEFF")), err
}

// ownSources are those that need no connection.
func ownSources() []outage.Source { return []outage.Source{outage.SourceForm, outage.SourceAPI} }

// networks returns the social networks that are switched on.
func (b *builder) networks() ([]social.Network, error) {
	var all []social.Network
	for _, kind := range networkKinds() {
		networks, err := kind.open(b)
		if err != nil {
			return nil, err
		}
		all = append(all, networks...)
	}
	return all, nil
}

// sourcesOf are the sources whose reports ingest counts.
func sourcesOf(networks []social.Network) []outage.Source {
	sources := ownSources()
	for _, network := range networks {
		if !slices.Contains(sources, network.Source()) {
			sources = append(sources, network.Source())
		}
	}
	return sources
}

// buildSocial makes a listener for each network, and loads what they share.
func (b *builder) buildSocial(networks []social.Network, sink ingest.Sink, keys *identity.Keys) error {
	process := rand.Text() // another one at each start
	own := social.Announcer{Sources: ownSources(), Process: process, Cursors: b.stores.archive, Now: b.now, Logger: b.logger}
	b.add("announcements", own.Run)
	if len(networks) == 0 {
		return nil
	}
	began := time.Now()
	matcher, err := newMatcher(b.catalog)
	if err != nil {
		return fmt.Errorf("matcher: %w", err)
	}
	b.logger.Info("ready to read posts", "networks", len(networks), "loaded_in", time.Since(began).String())
	metrics, err := social.NewMetrics(b.registry)
	if err != nil {
		return err
	}
	ids, err := b.postIDs()
	if err != nil {
		return err
	}
	b.add("key of the posts", ids.Run)
	listeners := make([]*social.Listener, len(networks))
	for i, network := range networks {
		listeners[i], err = social.New(social.Config{
			Network: network, Classifier: matcher, Sink: sink, Hasher: keys, IDs: ids, Cursors: b.stores.archive, Coverer: b.stores.live, Process: process,
			KeepLinks: b.cfg.Social.KeepLinks, Forgetter: b.stores.archive, Metrics: metrics, Now: b.now, Logger: b.logger,
		})
		if err != nil {
			return err
		}
	}
	// One component: all of them stop at once.
	b.add("social networks", func(ctx context.Context) error {
		var running sync.WaitGroup
		for _, listener := range listeners {
			running.Go(func() { _ = listener.Run(ctx) }) // it never fails: others go on
		}
		running.Wait()
		return nil
	})
	return nil
}

// postIDs makes the ids of posts' reports with a key that is not in the archive:
// in Redis, or in a file of the data folder.
func (b *builder) postIDs() (*identity.Posts, error) {
	if b.stores.redis != nil {
		return identity.NewPosts(identity.RedisPostKey{Client: b.stores.redis, Prefix: redis.DefaultPrefix + ":"}, b.logger)
	}
	own, ok := b.stores.keys.(identity.PostKeyStore)
	if !ok {
		return nil, errors.New("the keys of the days are kept where the key of the posts cannot be")
	}
	return identity.NewPosts(own, b.logger)
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/pflag"

	"github.com/outcryhq/outcry/ingest/mastodon"
	"github.com/outcryhq/outcry/ingest/social"
)

// mastodonConfig says which instances are read. Tokens are in a file of their
// own: not among the arguments, which every user of a machine can list, nor in
// a URL, which ends up in logs.
type mastodonConfig struct {
	Instances  []string // URLs, or hosts alone
	TokensFile string
}

// mastodonKind is Mastodon, and what speaks its API.
func mastodonKind() networkKind {
	return networkKind{
		bind: func(c *socialConfig, fs *pflag.FlagSet) {
			fs.StringSliceVar(&c.Mastodon.Instances, "mastodon", nil, "read the public timelines of these Mastodon `instances`, such as mastodon.example,https://other.example; each needs a token")
			fs.StringVar(&c.Mastodon.TokensFile, "mastodon-tokens-file", "", "`file` of the tokens for --mastodon, with mode 0600: a line for each instance, with its host and a user's token of the scope read:statuses")
		},
		validate: func(c *socialConfig) error {
			_, err := c.Mastodon.open(slog.New(slog.DiscardHandler))
			return err
		},
		open: func(b *builder) ([]social.Network, error) {
			return b.cfg.Social.Mastodon.open(b.logger)
		},
	}
}

// open makes the networks, and connects to none. Its errors show no token, nor
// what could be one that was put into the wrong place.
func (c *mastodonConfig) open(logger *slog.Logger) ([]social.Network, error) {
	if len(c.Instances) == 0 && c.TokensFile == "" {
		return nil, nil
	}
	if len(c.Instances) == 0 {
		return nil, fmt.Errorf("%w: --mastodon-tokens-file is for --mastodon, which names no instance", errUsage)
	}
	if c.TokensFile == "" {
		return nil, fmt.Errorf("%w: --mastodon needs --mastodon-tokens-file: streams are open to users alone", errUsage)
	}
	tokens, err := readTokens(c.TokensFile)
	if err != nil {
		return nil, fmt.Errorf("%w: --mastodon-tokens-file: %w", errUsage, err)
	}
	networks := make([]social.Network, 0, len(c.Instances))
	named := map[string]bool{}
	for _, instance := range c.Instances {
		host, err := mastodon.CheckInstance(instance)
		if err != nil {
			return nil, fmt.Errorf("%w: --mastodon: %w", errUsage, err)
		}
		token, found := tokens[host]
		switch {
		case named[host]:
			return nil, fmt.Errorf("%w: --mastodon names %s twice", errUsage, host)
		case !found:
			return nil, fmt.Errorf("%w: --mastodon-tokens-file has no token for %s", errUsage, host)
		}
		named[host] = true
		network, err := mastodon.New(mastodon.Config{Instance: instance, Token: token, Logger: logger})
		if err != nil {
			return nil, fmt.Errorf("%w: --mastodon: %w", errUsage, err)
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// readTokens reads a file of hosts and tokens, one pair a line, which its owner
// alone may read. Empty lines and those that begin with # are left out.
func readTokens(path string) (map[string]string, error) {
	text, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	tokens := map[string]string{}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		words := strings.Fields(string(line))
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if err := addToken(tokens, words); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, number, err)
		}
	}
	return tokens, nil
}

func addToken(tokens map[string]string, words []string) error {
	if len(words) != 2 {
		return errors.New("not a host and a token, with a space between them")
	}
	host, err := mastodon.CheckInstance(words[0])
	if err != nil {
		return errors.New("what comes first is not an instance's host")
	}
	if _, twice := tokens[host]; twice {
		return fmt.Errorf("a second token for %s", host)
	}
	tokens[host] = words[1]
	return nil
}

package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/ingest/twitter"
	"github.com/outcryhq/outcry/pkg/catalog"
)

// xConfig says with which account X's stream is followed, if it is.
type xConfig struct {
	Bearer     string
	BearerFile string
	Rules      int
}

// xKind is X, once Twitter.
func xKind() networkKind {
	return networkKind{
		bind: func(c *socialConfig, fs *pflag.FlagSet) {
			fs.StringVar(&c.X.BearerFile, "x-bearer-token-file", "", "follow X's filtered stream with the bearer token of an app, which is in this `file`, with mode 0600")
			fs.StringVar(&c.X.Bearer, "x-bearer-token", "", "the `token` itself; for the environment, as "+envName("x-bearer-token")+": others see the arguments of a process")
			fs.IntVar(&c.X.Rules, "x-rules", twitter.MostRules, "the most rules that the plan of X's account allows")
		},
		secrets: []string{"x-bearer-token"},
		validate: func(c *socialConfig) error {
			_, err := c.X.open(&catalog.Catalog{}, time.Now, slog.New(slog.DiscardHandler))
			return err
		},
		open: func(b *builder) ([]social.Network, error) {
			return b.cfg.Social.X.open(b.catalog, b.now, b.logger)
		},
	}
}

// open makes the network, if there is a token, and connects to nothing. Its
// errors do not show the token.
func (c *xConfig) open(services *catalog.Catalog, now func() time.Time, logger *slog.Logger) ([]social.Network, error) {
	token := c.Bearer
	switch {
	case c.Bearer != "" && c.BearerFile != "":
		return nil, fmt.Errorf("%w: --x-bearer-token-file and %s are two tokens; give one of them", errUsage, envName("x-bearer-token"))
	case c.BearerFile != "":
		var err error
		if token, err = readToken(c.BearerFile); err != nil {
			return nil, fmt.Errorf("%w: --x-bearer-token-file: %w", errUsage, err)
		}
	case c.Bearer == "":
		return nil, nil
	}
	if c.Rules < 1 || c.Rules > twitter.MostRules {
		return nil, fmt.Errorf("%w: --x-rules is 1 to %d, not %d", errUsage, twitter.MostRules, c.Rules)
	}
	network, err := twitter.NewV2(twitter.V2Config{Bearer: token, Catalog: services, Now: now, Logger: logger, Rules: c.Rules})
	if err != nil {
		return nil, fmt.Errorf("%w: X's stream: %w", errUsage, err)
	}
	return []social.Network{network}, nil
}

// readToken reads a file of one token, which its owner alone may read.
func readToken(path string) (string, error) {
	text, err := readPrivate(path)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", errors.New(path + " is empty")
	}
	return token, nil
}

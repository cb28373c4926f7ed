package main

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/outcryhq/outcry/ingest/social"
	"github.com/outcryhq/outcry/ingest/twitter"
)

// gatewayConfig says which gateway is followed that speaks Twitter's v1.1 API, if any.
type gatewayConfig struct {
	URL       string
	TokenFile string
}

// gatewayKind is a gateway that speaks Twitter's v1.1 API.
func gatewayKind() networkKind {
	return networkKind{
		bind: func(c *socialConfig, fs *pflag.FlagSet) {
			fs.StringVar(&c.Gateway.URL, "twitter-gateway", "", "follow the filter stream of a gateway that speaks Twitter's v1.1 API at this `URL`")
			fs.StringVar(&c.Gateway.TokenFile, "twitter-gateway-token-file", "", "its bearer token, in this `file` with mode 0600; without it none is sent")
		},
		validate: func(c *socialConfig) error {
			_, err := c.Gateway.open([]string{"outage"})
			return err
		},
		open: func(b *builder) ([]social.Network, error) {
			if b.cfg.Social.Gateway.URL == "" {
				return nil, nil
			}
			terms, unheard := twitter.Terms(b.catalog)
			if len(unheard) > 0 {
				b.logger.Warn("a gateway takes too few terms for the whole catalog", "terms", len(terms), "services_left_out", len(unheard), "first", unheard[0])
			}
			return b.cfg.Social.Gateway.open(terms)
		},
	}
}

// open makes the network, if there is a gateway, and connects to nothing. Its
// errors do not show the token.
func (c *gatewayConfig) open(terms []string) ([]social.Network, error) {
	switch {
	case c.URL == "" && c.TokenFile != "":
		return nil, fmt.Errorf("%w: --twitter-gateway-token-file needs --twitter-gateway", errUsage)
	case c.URL == "":
		return nil, nil
	}
	var token string
	if c.TokenFile != "" {
		var err error
		if token, err = readToken(c.TokenFile); err != nil {
			return nil, fmt.Errorf("%w: --twitter-gateway-token-file: %w", errUsage, err)
		}
	}
	network, err := twitter.NewV1(twitter.V1Config{BaseURL: c.URL, Token: token, Track: terms})
	if err != nil {
		return nil, fmt.Errorf("%w: --twitter-gateway: %w", errUsage, err)
	}
	return []social.Network{network}, nil
}

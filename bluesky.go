package main

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/pflag"

	"github.com/outcryhq/outcry/ingest/bluesky"
	"github.com/outcryhq/outcry/ingest/social"
)

// blueskyKind is Bluesky, which needs no account.
func blueskyKind() networkKind {
	return networkKind{
		bind: func(c *socialConfig, fs *pflag.FlagSet) {
			fs.Var(&c.Bluesky, "bluesky", "read Bluesky: true, or =`host,host` of Jetstream servers to ask instead of Bluesky's own (also ws:// URLs)")
			fs.Lookup("bluesky").NoOptDefVal = "true"
		},
		open: func(b *builder) ([]social.Network, error) {
			if !b.cfg.Social.Bluesky.on {
				return nil, nil
			}
			network, err := b.cfg.Social.Bluesky.open(b.logger)
			if err != nil {
				return nil, err
			}
			return []social.Network{network}, nil
		},
	}
}

// blueskyHosts say whether Bluesky is read, and from which hosts: nil are its own.
type blueskyHosts struct {
	on    bool
	hosts []string
}

// String implements pflag.Value.
func (h *blueskyHosts) String() string {
	if len(h.hosts) > 0 {
		return strings.Join(h.hosts, ",")
	}
	if h.on {
		return "true"
	}
	return "false"
}

// Set implements pflag.Value.
func (h *blueskyHosts) Set(text string) error {
	switch text {
	case "true":
		*h = blueskyHosts{on: true}
		return nil
	case "false":
		*h = blueskyHosts{}
		return nil
	}
	set := blueskyHosts{on: true}
	for host := range strings.SplitSeq(text, ",") {
		set.hosts = append(set.hosts, strings.TrimSpace(host))
	}
	if _, err := set.open(slog.New(slog.DiscardHandler)); err != nil {
		return fmt.Errorf("neither true nor false nor hosts: %w", err)
	}
	*h = set
	return nil
}

// Type implements pflag.Value.
func (*blueskyHosts) Type() string { return "hosts" }

func (h *blueskyHosts) open(logger *slog.Logger) (*bluesky.Network, error) {
	return bluesky.New(bluesky.Config{Hosts: h.hosts, Logger: logger})
}

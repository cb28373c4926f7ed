package main

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBlueskyIsReadFromWhereTheSettingSays(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args, environ []string
		file          string
		on            bool
		hosts         []string
		text          string
	}{
		"not at all":        {text: "false"},
		"from its own":      {args: []string{"--bluesky"}, on: true, text: "true"},
		"by the word":       {args: []string{"--bluesky=true"}, on: true, text: "true"},
		"off again":         {args: []string{"--bluesky=false"}, environ: []string{"OUTCRY_BLUESKY=true"}, text: "false"},
		"the environment's": {environ: []string{"OUTCRY_BLUESKY=true"}, on: true, text: "true"},
		"from others": {
			args: []string{"--bluesky=jetstream.example, ws://127.0.0.1:6008"}, on: true,
			hosts: []string{"jetstream.example", "ws://127.0.0.1:6008"}, text: "jetstream.example,ws://127.0.0.1:6008",
		},
		"the file's":      {file: "bluesky: true\n", on: true, text: "true"},
		"the file's list": {file: "bluesky: [a.example, b.example]\n", on: true, hosts: []string{"a.example", "b.example"}, text: "a.example,b.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := test.args
			if test.file != "" {
				args = append(args, "--config", writeFile(t, test.file))
			}
			cfg, err := settle(t, args, test.environ)
			require.NoError(t, err)
			require.Equal(t, blueskyHosts{on: test.on, hosts: test.hosts}, cfg.Social.Bluesky)
			require.Equal(t, test.text, cfg.Social.Bluesky.String(), "what check-config prints")

			networks, err := blueskyKind().open(&builder{server: &server{cfg: *cfg, logger: slog.New(slog.DiscardHandler)}})
			require.NoError(t, err)
			require.Len(t, networks, map[bool]int{false: 0, true: 1}[test.on])
		})
	}
	for _, wrong := range []string{"", "yes please", "http://host", "a,a", "a,", "wss://user:secret@host"} {
		_, err := settle(t, nil, []string{"OUTCRY_BLUESKY=" + wrong})
		require.ErrorIs(t, err, errUsage, wrong)
		require.ErrorContains(t, err, "OUTCRY_BLUESKY")
	}
}

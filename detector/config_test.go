package detector_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/detector"
	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestNewRefusesABadConfiguration(t *testing.T) {
	t.Parallel()
	w := newMemoryWorld(t)
	good := func() detector.Config {
		return detector.Config{
			Live: w.engine, Archive: w.archive, Detect: detect.DefaultConfig(), Now: w.Now, Owner: "a",
			Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(),
		}
	}
	_, err := detector.New(good())
	require.NoError(t, err)
	for name, spoil := range map[string]func(*detector.Config){
		"no live state":          func(c *detector.Config) { c.Live = nil },
		"no archive":             func(c *detector.Config) { c.Archive = nil },
		"no clock":               func(c *detector.Config) { c.Now = nil },
		"no logger":              func(c *detector.Config) { c.Logger = nil },
		"no registerer":          func(c *detector.Config) { c.Registerer = nil },
		"no owner":               func(c *detector.Config) { c.Owner = "" },
		"negative tick":          func(c *detector.Config) { c.TickEvery = -time.Second },
		"negative retention":     func(c *detector.Config) { c.KeepReports = -time.Hour },
		"renewed too seldom":     func(c *detector.Config) { c.LeaseTTL, c.RenewEvery = time.Second, time.Second },
		"detection out of bound": func(c *detector.Config) { c.Detect.Rho = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := good()
			spoil(&cfg)
			_, err := detector.New(cfg)
			require.ErrorIs(t, err, outage.ErrInvalid)
		})
	}
	cfg := good()
	_, err = detector.New(cfg)
	require.NoError(t, err)
	_, err = detector.New(cfg)
	require.Error(t, err, "its metrics are registered already")
}

package form_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/form"
	"github.com/outcryhq/outcry/pkg/outage"
)

func behind(proxies int) func(*setting) {
	return func(s *setting) { s.form.TrustedProxies = proxies }
}

// sender returns who the world takes the request for.
func (w *world) sender(a ask) outage.Hash {
	w.tb.Helper()
	w.accepted(a)
	return w.recorder.last(w.tb).Reporter
}

func TestTheClientIsTheNthFromTheRight(t *testing.T) {
	t.Parallel()
	plain := postJSON(`{"service":"whatsapp"}`)
	const client, spoofed, proxy = "192.0.2.7", "203.0.113.66", "10.0.0.1"
	want := newWorld(t, nil).sender(plain.by(client))
	peer := newWorld(t, nil).sender(plain.by(proxy))
	for _, c := range []struct {
		proxies int
		headers []string
		want    outage.Hash
	}{
		{0, []string{client}, peer},
		{1, []string{client}, want},
		{1, []string{spoofed + ", " + client}, want},
		{1, []string{spoofed, client}, want},
		{1, []string{"::ffff:" + client}, want},
		{2, []string{client + ", 10.0.0.2"}, want},
		{2, []string{spoofed + "," + client + ",10.0.0.2"}, want},
		// Too few entries, or none, or nonsense: the peer.
		{2, []string{client}, peer},
		{1, nil, peer},
		{1, []string{""}, peer},
		{1, []string{client + ", unknown"}, peer},
		{1, []string{"0.0.0.0"}, peer},
	} {
		a := plain.by(proxy)
		for _, value := range c.headers {
			a = a.with("X-Forwarded-For", value)
		}
		require.Equal(t, c.want, newWorld(t, behind(c.proxies)).sender(a), fmt.Sprint(c.proxies, c.headers))
	}
}

func TestAForgottenProxyIsHintedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.accepted(postJSON(`{"service":"whatsapp"}`).with("X-Forwarded-For", "203.0.113.66"))
	require.Empty(t, w.log.String(), "the peer is no proxy of ours")
	for range 3 {
		w.accepted(postJSON(`{"service":"whatsapp"}`).by("10.0.0.1").with("X-Forwarded-For", "203.0.113.66"))
	}
	require.Equal(t, 1, strings.Count(w.log.String(), "through a proxy"))
	require.NotContains(t, w.log.String(), "203.0.113")
	require.NotContains(t, w.log.String(), "10.0.0")
}

func TestNoAddressIsEverLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *setting) {
		behind(1)(s)
		impatient(s)
	})
	const client = "203.0.113.66"
	send := func(a ask) { w.send(a.by("10.9.8.7").with("X-Forwarded-For", client)) }
	send(postJSON(`{"service":"whatsapp"}`))
	send(postJSON(`{"service":"` + client + `"}`))
	send(postJSON(`{`))
	send(post("/report", "application/x-www-form-urlencoded", "service=whatsapp&stamp=x"))
	send(ask{method: http.MethodGet, path: "/report?service=" + client})
	w.recorder.fail(outage.ErrUnavailable)
	send(postJSON(`{"service":"whatsapp"}`))
	slog.New(slog.NewTextHandler(w.log, nil)).Info("the log is heard")
	require.Contains(t, w.log.String(), "the log is heard")
	require.NotContains(t, w.log.String(), client)
	require.NotContains(t, w.log.String(), "10.9.8.7")
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	_, err := form.New(form.Config{})
	require.ErrorContains(t, err, "required")
	for name, change := range map[string]func(*form.Config){
		"negative proxies": func(c *form.Config) { c.TrustedProxies = -1 },
		"negative fill":    func(c *form.Config) { c.MinFill = -1 },
		"no URL":           func(c *form.Config) { c.BaseURL = "outcry.example" },
		"strange URL":      func(c *form.Config) { c.BaseURL = "ftp://outcry.example" },
	} {
		newWorld(t, func(s *setting) {
			config := s.form
			config.Sink, config.Limiter = nothing{}, nothing{}
			change(&config)
			_, err := form.New(config)
			require.Error(t, err, name)
		})
	}
}

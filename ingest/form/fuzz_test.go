package form_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/outage"
)

// FuzzAPI sends anything to the API. Whatever comes, the answer is the
// sender's, and what is accepted is what was said.
func FuzzAPI(f *testing.F) {
	const asJSON, asForm = "application/json", "application/x-www-form-urlencoded"
	f.Add(asJSON, `{"service":"whatsapp","problem":"calls","country":"NL"}`, "192.0.2.7", "key", "outcry=x")
	f.Add(asJSON, `{"service":"whatsapp"}{}`, "::ffff:192.0.2.7, 10.0.0.1", "", "")
	f.Add(asJSON, `{"service":null,"service":"kpn"}`, "fe80::1%eth0", "\x7f", `outcry="`)
	f.Add(asForm, `service=whatsapp&country=%4eL`, ",,,", "ключ", ";;")
	f.Add(asForm+"; charset=x", `service=whatsapp;country=NL`, "1.2.3.4:80", " ", "outcry")
	w := newWorld(f, behind(2))
	f.Fuzz(func(t *testing.T, kind, body, forwarded, key, cookie string) {
		w.tb = t
		a := post("/v1/reports", kind, body).with("X-Forwarded-For", forwarded).with("Cookie", cookie)
		if key != "" {
			a = a.with("Idempotency-Key", key)
		}
		before := len(w.recorder.all())
		answer := w.send(a)
		w.wait(time.Second) // the buckets fill up again
		require.Contains(t, []int{202, 400, 404, 413, 415, 422, 429}, answer.Code)
		require.True(t, json.Valid(answer.Body.Bytes()))
		if answer.Code != http.StatusAccepted {
			return
		}
		require.Len(t, w.recorder.all(), before+1)
		report := w.recorder.last(t)
		require.Contains(t, []string{"whatsapp", "telegram", "kpn"}, report.Service)
		require.Len(t, report.Country, 2)
		if kind == asJSON {
			var said map[string]*string
			require.NoError(t, json.Unmarshal([]byte(body), &said))
			require.Equal(t, report.Service, *said["service"])
		}
	})
}

// FuzzPage sends anything to the page.
func FuzzPage(f *testing.F) {
	w := newWorld(f, nil)
	stamp := w.browser("192.0.2.7").open("").page.Stamp
	w.wait(time.Minute)
	f.Add("service=whatsapp&stamp="+stamp, "http://example.com", "same-origin")
	f.Add("service=whatsapp&stamp=AAAAAAAAAAAAAAAAAAAAAAAAAAA", "null", "")
	f.Add("service=%00&website=x&stamp=;", "://", "\x00")
	f.Fuzz(func(t *testing.T, body, origin, site string) {
		w.tb = t
		before := len(w.recorder.all())
		a := post("/report", "application/x-www-form-urlencoded", body).with("Origin", origin).with("Sec-Fetch-Site", site)
		page := w.browser("192.0.2.7").do(a)
		w.wait(100 * time.Millisecond)
		require.Contains(t, []int{200, 400, 403, 404, 413, 429}, page.status)
		require.Equal(t, page.status == http.StatusOK, page.page.Done != nil)
		require.Equal(t, page.status != http.StatusOK, page.page.Error.Key != "")
		if len(w.recorder.all()) > before {
			fields, err := url.ParseQuery(body)
			require.NoError(t, err)
			require.True(t, slices.Contains(fields["stamp"], stamp) && fields.Get("website") == "", "only people are recorded")
			require.Equal(t, outage.SourceForm, w.recorder.last(t).Source)
		}
	})
}

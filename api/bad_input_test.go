package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/problem"
)

func TestBadInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const series = "/v1/services/whatsapp/series"
	tests := map[string]struct {
		target string
		status int
		field  string
		detail string // a part of it
	}{
		"unknown parameter":        {"/v1/outages?contry=ID", 400, "contry", "known are service, country, category, state, min_reports, min_minutes, since, until, limit, cursor"},
		"parameter of another":     {"/v1/services/whatsapp?limit=3", 400, "limit", "takes none"},
		"parameter twice":          {"/v1/outages?limit=3&limit=4", 400, "limit", "once"},
		"broken encoding":          {"/v1/outages?service=%zz", 400, "", "percent-encoded"},
		"not UTF-8":                {"/v1/services?q=%ff", 400, "q", "UTF-8"},
		"zero byte":                {"/v1/services?q=%00", 400, "q", "UTF-8"},
		"endless text":             {"/v1/services?q=" + strings.Repeat("x", 81), 400, "q", "at most 80 bytes"},
		"no country":               {"/v1/outages?country=Indonesia", 400, "country", "ISO 3166-1 alpha-2"},
		"unassigned country":       {"/v1/services?country=XX", 400, "country", "ISO 3166-1 alpha-2"},
		"empty country":            {"/v1/spikes?country=", 400, "country", "or *"},
		"all countries' outages":   {"/v1/outages?country=*", 400, "country", "ISO 3166-1 alpha-2"},
		"limit zero":               {"/v1/outages?limit=0", 400, "limit", "from 1 to 200"},
		"limit too large":          {"/v1/services?limit=201", 400, "limit", "from 1 to 200"},
		"limit no number":          {"/v1/spikes?limit=ten", 400, "limit", "from 1 to 200"},
		"limit overflow":           {"/v1/spikes?limit=99999999999999999999", 400, "limit", "from 1 to 200"},
		"bad cursor":               {"/v1/outages?cursor=xyz", 400, "cursor", "next_cursor"},
		"empty cursor":             {"/v1/outages?cursor=", 400, "cursor", "next_cursor"},
		"huge cursor":              {"/v1/outages?cursor=" + strings.Repeat("A", 500), 400, "cursor", "next_cursor"},
		"cursor of another list":   {"/v1/outages?cursor=c2VydmljZXMKd2hhdHNhcHA", 400, "cursor", "next_cursor"},
		"cursor of no service":     {"/v1/services?cursor=c2VydmljZXMKbm9uZQ", 400, "cursor", "next_cursor"},
		"cursor with a bad score":  {"/v1/spikes?cursor=c3Bpa2VzCngKYQpi", 400, "cursor", "next_cursor"},
		"cursor with a bad time":   {"/v1/outages?cursor=b3V0YWdlcwp4CnkK", 400, "cursor", "next_cursor"},
		"bad state":                {"/v1/outages?state=closed", 400, "state", "one of ongoing, ended"},
		"empty state":              {"/v1/outages?state=", 400, "state", "one of ongoing, ended"},
		"bad status":               {"/v1/spikes?status=ok", 400, "status", "one of problem, possible"},
		"bad time":                 {"/v1/outages?since=yesterday", 400, "since", "RFC 3339"},
		"time without zone":        {"/v1/outages?until=2017-11-03T08:00:00", 400, "until", "RFC 3339"},
		"time out of this world":   {"/v1/outages?since=0001-01-01T00:00:00Z", 400, "since", "in the years 2000 to 9000"},
		"time in the last year":    {"/v1/outages?until=9999-12-31T23:59:59Z", 400, "until", "in the years 2000 to 9000"},
		"reversed dates":           {"/v1/outages?since=2017-11-03T08:00:00Z&until=2017-11-02T08:00:00Z", 400, "since", "before until"},
		"same dates":               {"/v1/outages?since=2017-11-03T08:00:00Z&until=2017-11-03T08:00:00Z", 400, "since", "before until"},
		"no slug":                  {"/v1/outages?service=Whats%20App", 400, "service", "slug"},
		"unknown service":          {"/v1/services/whatsap", 404, "service", "no such service"},
		"unknown service's series": {"/v1/services/whatsap/series", 404, "service", "no such service"},
		"unknown service's past":   {"/v1/outages?service=whatsap", 404, "service", "no such service"},
		"hostile service":          {"/v1/services/" + url.PathEscape("<script>"+strings.Repeat("x", 9000)), 404, "service", "no such service"},
		"no id":                    {"/v1/outages/latest", 400, "id", "0199f2c5"},
		"unknown id":               {"/v1/outages/0199f2c5-0000-7000-8000-000000000000", 404, "", "no outage with this id"},
		"bad step":                 {series + "?step=2m", 400, "step", "one of 5m, 1m, 15m, 1h"},
		"reversed range":           {series + "?from=2017-11-03T08:00:00Z&to=2017-11-03T07:00:00Z", 400, "from", "before to"},
		"empty range":              {series + "?from=2017-11-03T08:00:00Z&to=2017-11-03T08:00:00Z", 400, "from", "before to"},
		"from the future":          {series + "?from=2018-11-03T08:00:00Z", 400, "from", "before to"},
		"too many points":          {series + "?step=1m&from=2017-11-01T00:00:00Z&to=2017-11-03T00:00:00Z", 400, "step", "2880 points and at most 2000"},
		"centuries":                {series + "?step=1h&from=2000-01-01T00:00:00Z&to=8999-01-01T00:00:00Z", 400, "step", "at most 2000"},
		"minutes long gone":        {series + "?step=5m&from=2017-07-01T00:00:00Z&to=2017-07-02T00:00:00Z", 400, "step", "expected 15m or 1h"},
		"no such call":             {"/v1/nothing", 404, "", "nothing at this address"},
	}
	for name, tt := range tests {
		recorder := w.get(tt.target)
		require.Equal(t, tt.status, recorder.Code, "%s: %s", name, recorder.Body)
		require.Equal(t, problem.ContentType, recorder.Header().Get("Content-Type"), name)
		require.Less(t, recorder.Body.Len(), 1000, name)
		got := read[problem.Problem](w, tt.status, tt.target)
		require.Equal(t, tt.field, got.Field, name)
		require.Contains(t, got.Detail, tt.detail, name)
	}
}

func TestUnknownServiceComesWithSuggestions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, target := range []string{"/v1/services/whatsap", "/v1/services/whatsap/series", "/v1/outages?service=whatsap"} {
		got := read[problem.Problem](w, http.StatusNotFound, target)
		require.Contains(t, got.Suggestions, "whatsapp", target)
	}
}

func TestUnknownParameterIsQuotedShortly(t *testing.T) {
	t.Parallel()
	got := read[problem.Problem](newWorld(t), http.StatusBadRequest, fmt.Sprintf("/v1/spikes?%s=1", strings.Repeat("é", 4000)))
	require.Less(t, len(got.Field), 100)
}

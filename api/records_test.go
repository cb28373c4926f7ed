package api_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api/spec"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/problem"
)

func (s archiveSwitch) Record(ctx context.Context, service, country string, since time.Time, latest int) (archive.Record, error) {
	if s.w.archiveAway.Load() {
		return archive.Record{}, errGone
	}
	return s.w.archive.Record(ctx, service, country, since, latest)
}

func (s archiveSwitch) Standings(ctx context.Context) (map[outage.ID]outage.Standing, error) {
	if s.w.archiveAway.Load() {
		return nil, errGone
	}
	return s.w.archive.Standings(ctx)
}

// say adds a remark as an operator does.
func (w *world) say(of outage.Outage, r outage.Remark) {
	w.t.Helper()
	r.At, r.By = w.now, outage.ByOperator
	require.NoError(w.t, w.archive.AddRemark(w.t.Context(), of.ID, r))
}

func (w *world) retract(of outage.Outage) {
	w.t.Helper()
	w.say(of, outage.Remark{Kind: outage.Retraction, Text: "a test of ours"})
}

// lasting is an outage that began so many days ago and lasted so long.
func lasting(service string, days int, lasted time.Duration, countries ...string) outage.Outage {
	began := at("02:00").AddDate(0, 0, -days)
	o := over(ongoing(service, began, countries...), began.Add(lasted))
	for i := range o.Impacts {
		o.Impacts[i].State, o.Impacts[i].EndedAt, o.Impacts[i].ClosedAt = outage.Ended, o.EndedAt, o.ClosedAt
	}
	return o
}

func TestRemarksAreShownBesideAnOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	running, kept := ongoing("whatsapp", at("08:00"), "NL"), lasting("whatsapp", 3, time.Hour, "NL")
	wrong, part := lasting("whatsapp", 5, time.Hour, "NL"), lasting("whatsapp", 4, time.Hour, "NL")
	w.announce(running)
	w.remember(kept, wrong, part)
	w.retract(wrong)
	w.retract(running)
	w.say(part, outage.Remark{Kind: outage.Merge, Text: "one failure", Into: &kept.ID})
	said := at("08:10")
	w.say(kept, outage.Remark{Kind: outage.Acknowledgement, Text: "We are investigating", Link: "https://status.example.com/1", Said: &said})

	shown := read[outage.Published](w, http.StatusOK, "/v1/outages/"+kept.ID.String())
	require.Equal(t, outage.Standing{}, shown.Standing)
	require.Len(t, shown.Remarks, 1)
	require.Equal(t, "We are investigating", shown.Remarks[0].Text)
	require.Equal(t, said, *shown.Remarks[0].Said)
	require.Equal(t, &kept.ID, read[outage.Published](w, http.StatusOK, "/v1/outages/"+part.ID.String()).MergedInto)
	retracted := read[outage.Published](w, http.StatusOK, "/v1/outages/"+wrong.ID.String())
	require.True(t, retracted.Retracted)
	require.Equal(t, wrong, retracted.Outage, "it stays as it was")

	list := read[spec.OutageList](w, http.StatusOK, "/v1/outages")
	require.Len(t, list.Outages, 4)
	require.True(t, list.Complete)
	for _, o := range list.Outages {
		require.Equal(t, o.ID == wrong.ID || o.ID == running.ID, o.Retracted)
		require.Equal(t, o.ID == part.ID, o.MergedInto != nil)
		require.Nil(t, o.Remarks)
	}
	now := read[spec.ServiceDetail](w, http.StatusOK, "/v1/services/whatsapp")
	require.Nil(t, now.Outage, "what is retracted is no trouble")
	require.NotEqual(t, outage.StatusProblem, now.Status)
	require.NotContains(t, page(w, http.StatusOK, "/"), "/outages/"+running.ID.String(), "nor on the board")
	record := read[spec.ServiceRecord](w, http.StatusOK, "/v1/services/whatsapp/record").Record
	require.Equal(t, 1, record.Outages)
	require.Equal(t, kept.ID, record.Latest[0].ID)
}

func TestRemarksWithoutArchive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	running := ongoing("whatsapp", at("08:00"), "NL")
	w.announce(running)
	w.retract(running)
	w.archiveAway.Store(true)
	list := read[spec.OutageList](w, http.StatusOK, "/v1/outages?state=ongoing")
	require.False(t, list.Complete, "whether it was retracted is not known")
	require.Nil(t, read[outage.Published](w, http.StatusOK, "/v1/outages/"+running.ID.String()).Remarks)

	w.archiveAway.Store(false)
	w.passTime()
	require.True(t, read[spec.OutageList](w, http.StatusOK, "/v1/outages?state=ongoing").Outages[0].Retracted)
	w.archiveAway.Store(true)
	w.passTime()
	list = read[spec.OutageList](w, http.StatusOK, "/v1/outages?state=ongoing")
	require.True(t, list.Complete)
	require.True(t, list.Outages[0].Retracted, "as it was when it could be read")
	require.True(t, read[outage.Published](w, http.StatusOK, "/v1/outages/"+running.ID.String()).Retracted)
	read[problem.Problem](w, http.StatusServiceUnavailable, "/v1/services/whatsapp/record")
	require.Nil(t, read[spec.CountryDetail](w, http.StatusOK, "/v1/countries/NL").Record)
}

func TestRecordOfAService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	may, june := lasting("whatsapp", 180, 2*time.Hour, "NL", "GB"), lasting("whatsapp", 150, 30*time.Minute, "NL")
	gbEnd := may.StartedAt.Add(45 * time.Minute)
	may.Impacts[1].EndedAt = &gbEnd
	w.remember(may, june, lasting("signal", 100, time.Hour, "NL"))
	w.announce(ongoing("whatsapp", at("08:00"), "NL"))
	record := read[spec.ServiceRecord](w, http.StatusOK, "/v1/services/whatsapp/record")
	require.Equal(t, "*", record.Country)
	require.Nil(t, record.Since)
	require.Equal(t, 2, record.Record.Outages)
	require.Equal(t, 150, record.Record.Minutes)
	require.InDelta(t, 75, *record.Record.MedianMinutes, 1e-9)
	require.Equal(t, []outage.ID{june.ID, may.ID}, []outage.ID{record.Record.Latest[0].ID, record.Record.Latest[1].ID})
	require.InDelta(t, 120, record.Record.Latest[1].Minutes, 1e-9)

	there := read[spec.ServiceRecord](w, http.StatusOK, "/v1/services/whatsapp/record?country=gb").Record
	require.Equal(t, 44, there.Minutes, "it began there a minute later")
	require.InDelta(t, 44, there.Latest[0].Minutes, 1e-9)
	since := read[spec.ServiceRecord](w, http.StatusOK, "/v1/services/whatsapp/record?since=2017-06-01T00:00:00Z")
	require.Equal(t, 1, since.Record.Outages)
	require.NotNil(t, since.Since)
	none := read[spec.ServiceRecord](w, http.StatusOK, "/v1/services/telegram/record").Record
	require.Nil(t, none.MedianMinutes)
	require.Empty(t, none.Latest)
	read[problem.Problem](w, http.StatusNotFound, "/v1/services/whatsap/record")
	read[problem.Problem](w, http.StatusBadRequest, "/v1/services/whatsapp/record?country=*")
	read[problem.Problem](w, http.StatusBadRequest, "/v1/services/whatsapp/record?until=2017-06-01T00:00:00Z")
}

func TestCountries(t *testing.T) {
	t.Parallel()
	counts := append(hour("whatsapp", "NL", 240), hour("telegram", "NL", 60)...)
	w := newWorld(t, append(counts, hour("signal", "GB", 60)...)...)
	running := ongoing("whatsapp", at("08:00"), "NL")
	w.announce(running)
	w.remember(lasting("signal", 100, time.Hour, "NL"))
	list := read[spec.CountryList](w, http.StatusOK, "/v1/countries").Countries
	require.Len(t, list, 2)
	require.Equal(t, spec.CountryNow{Country: "GB", Name: "United Kingdom", Status: outage.StatusOK, Problem: []string{}, Possible: []string{}}, list[0])
	require.Equal(t, outage.StatusProblem, list[1].Status)
	require.Equal(t, []string{"whatsapp"}, list[1].Problem)

	there := read[spec.CountryDetail](w, http.StatusOK, "/v1/countries/nl")
	require.Equal(t, "NL", there.Country)
	require.Equal(t, outage.StatusProblem, there.Status)
	require.Equal(t, "whatsapp", there.Services[0].Service)
	require.Equal(t, &running.ID, there.Services[0].OutageID)
	require.Equal(t, "telegram", there.Services[1].Service)
	require.Nil(t, there.Services[1].OutageID)
	require.Equal(t, 60, there.Record.Minutes)
	nowhere := read[spec.CountryDetail](w, http.StatusOK, "/v1/countries/FR")
	require.Equal(t, outage.StatusUnknown, nowhere.Status)
	require.Empty(t, nowhere.Services)
	read[problem.Problem](w, http.StatusBadRequest, "/v1/countries/XX")
	read[problem.Problem](w, http.StatusBadRequest, "/v1/countries/*")
	w.liveAway.Store(true)
	w.passTime()
	read[problem.Problem](w, http.StatusServiceUnavailable, "/v1/countries")
	require.Equal(t, 60, read[spec.CountryDetail](w, http.StatusOK, "/v1/countries/nl").Record.Minutes)
}

func TestOutagesByCategoryReportsAndDuration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	running := ongoing("whatsapp", at("08:00"), "NL") // for 42 minutes
	running.Reports = 50_000
	w.announce(running)
	long := lasting("netflix", 3, 2*time.Hour, "US")
	long.Reports = 20_000
	w.remember(long, lasting("telegram", 9, 20*time.Minute, "IR"))
	for query, want := range map[string][]string{
		"?category=messenger":                   {"whatsapp", "telegram"},
		"?category=messenger&min_minutes=42":    {"whatsapp"},
		"?min_minutes=43":                       {"netflix"},
		"?min_reports=20000":                    {"whatsapp", "netflix"},
		"?min_reports=20001":                    {"whatsapp"},
		"?min_minutes=20&state=ended":           {"netflix", "telegram"},
		"?category=messenger&service=netflix":   {},
		"?category=messenger&min_reports=50001": {},
	} {
		require.Equal(t, want, named(read[outageList](w, http.StatusOK, "/v1/outages"+query).Outages), query)
	}
	for _, query := range []string{"?category=", "?category=nonsense", "?min_reports=0", "?min_minutes=x", "?min_minutes=1000001"} {
		read[problem.Problem](w, http.StatusBadRequest, "/v1/outages"+query)
	}
}

func TestSeriesOfAnOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hour("whatsapp", "NL", 240)...)
	w.baselines = usually(.4)
	running := ongoing("whatsapp", at("08:00"), "NL", "ID")
	w.announce(running)
	got := read[spec.OutageSeries](w, http.StatusOK, "/v1/outages/"+running.ID.String()+"/series")
	require.Equal(t, at("07:00"), got.From)
	require.Equal(t, at("08:43"), got.To)
	require.Len(t, got.Series, 2)
	require.Equal(t, "NL", got.Series[0].Country)
	require.Len(t, got.Series[0].Reports, 103)
	require.Len(t, got.Series[0].Expected, 103)
	require.InDelta(t, .4, *got.Series[0].Expected[0], 1e-9)
	var heard int
	for _, n := range got.Series[0].Reports {
		heard += n
	}
	require.Positive(t, heard)

	// An outage of last month has what was kept with it.
	old := lasting("telegram", 30, time.Hour, "IR")
	w.remember(old)
	past := read[spec.OutageSeries](w, http.StatusOK, "/v1/outages/"+old.ID.String()+"/series")
	require.Equal(t, old.StartedAt.Add(-time.Hour), past.From)
	require.Equal(t, spec.OutageSeriesStep("1m"), past.Step)
	require.Len(t, past.Series[0].Reports, 181)
	long := lasting("signal", 30, 70*time.Hour, "IR")
	w.remember(long)
	require.Equal(t, spec.OutageSeriesStep("5m"), read[spec.OutageSeries](w, http.StatusOK, "/v1/outages/"+long.ID.String()+"/series").Step)
	read[problem.Problem](w, http.StatusNotFound, "/v1/outages/0199f2c5-0000-7000-8000-000000000000/series")
}

func TestAnswersAboutThePastAreAsDescribed(t *testing.T) {
	t.Parallel()
	d := describe(t)
	w := newWorld(t, hour("whatsapp", "NL", 240)...)
	w.baselines = usually(.4)
	running, kept := ongoing("whatsapp", at("08:00"), "NL"), lasting("whatsapp", 3, time.Hour, "NL")
	part := lasting("whatsapp", 4, time.Hour, "NL")
	w.announce(running)
	w.remember(kept, part)
	w.say(part, outage.Remark{Kind: outage.Merge, Text: "one failure", Into: &kept.ID})
	w.say(part, outage.Remark{Kind: outage.Retraction, Text: "not even that"})
	said := at("08:10")
	w.say(part, outage.Remark{Kind: outage.Acknowledgement, Text: "Resolved", Link: "https://status.example.com/1", Said: &said})
	w.say(part, outage.Remark{Kind: outage.Note, Text: "first\nsecond"})
	check := func() {
		for path, targets := range map[string][]string{
			"/v1/services/{service}":        {"/v1/services/whatsapp"},
			"/v1/services/{service}/record": {"/v1/services/whatsapp/record", "/v1/services/telegram/record", "/v1/services/whatsap/record", "/v1/services/whatsapp/record?country=x"},
			"/v1/countries":                 {"/v1/countries", "/v1/countries?x=y"},
			"/v1/countries/{country}":       {"/v1/countries/NL", "/v1/countries/FR", "/v1/countries/*"},
			"/v1/outages":                   {"/v1/outages", "/v1/outages?category=x"},
			"/v1/outages/{id}":              {"/v1/outages/" + running.ID.String(), "/v1/outages/" + part.ID.String()},
			"/v1/outages/{id}/series": {
				"/v1/outages/" + running.ID.String() + "/series", "/v1/outages/" + part.ID.String() + "/series",
				"/v1/outages/x/series", "/v1/outages/0199f2c5-0000-7000-8000-000000000000/series",
			},
		} {
			for _, target := range targets {
				d.check(t, http.MethodGet, path, w.get(target))
			}
		}
	}
	check()
	w.archiveAway.Store(true)
	w.passTime()
	check()
	w.liveAway.Store(true)
	w.passTime()
	check()
}

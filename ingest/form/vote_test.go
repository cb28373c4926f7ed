package form_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/outage"
)

func TestThatItWorksIsCountedApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	got := w.accepted(postJSON(`{"service":"whatsapp","kind":"works"}`))
	require.Equal(t, receipt{ID: got.ID, Service: "whatsapp", Country: "NL", Counted: true}, got)
	require.False(t, w.accepted(postJSON(`{"service":"whatsapp","kind":"works"}`)).Counted, "once an hour")
	require.True(t, w.accepted(postJSON(`{"service":"whatsapp"}`)).Counted, "one person may say both")
	require.True(t, w.accepted(postJSON(`{"service":"whatsapp","kind":"problem"}`).by("192.0.2.8")).Counted)
	require.True(t, w.accepted(postJSON(`{"service":"whatsapp","kind":"works"}`).by("192.0.2.8")).Counted)
	require.True(t, w.accepted(postJSON(`{"service":"whatsapp","kind":"works"}`).by("192.0.2.9")).Counted)

	counts, err := w.recorder.Counts(t.Context(), []outage.Series{
		{Service: "whatsapp", Country: "NL"}, {Service: outage.WorksFor("whatsapp"), Country: "NL"},
	}, noon, noon.Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, [][]int{{2}, {3}}, counts)
}

func TestARepeatedCounterVoteHasItsOwnReceipt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	vote := postJSON(`{"service":"whatsapp","kind":"works"}`).with("Idempotency-Key", "one")
	first := w.accepted(vote)
	require.Equal(t, first, w.accepted(vote))
	complaint := w.accepted(postJSON(`{"service":"whatsapp"}`).with("Idempotency-Key", "one"))
	require.NotEqual(t, first.ID, complaint.ID)
}

func TestAKindThatThereIsNotIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	got := w.refusal(w.send(postJSON(`{"service":"whatsapp","kind":"maybe"}`)), http.StatusBadRequest)
	require.Equal(t, "kind", got.Field)
	require.Contains(t, got.Detail, "problem or works")
	got = w.refusal(w.send(postJSON(`{"service":"whatsapp","kind":"works","problem":"calls"}`)), http.StatusBadRequest)
	require.Equal(t, "problem", got.Field)
	require.Empty(t, w.recorder.all())
}

func TestAPersonSaysByThePageThatItWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	b := w.browser("192.0.2.7")
	page := b.open("?service=whatsapp&kind=works")
	require.True(t, page.page.Works)
	require.Empty(t, page.page.Problems)
	w.wait(2 * time.Second)
	done := b.fill(page, "service", "whatsapp", "kind", "works")
	require.NotNil(t, done.page.Done)
	require.True(t, done.page.Done.Works)
	require.True(t, done.page.Done.Counted)
	require.Equal(t, "WhatsApp", done.page.Done.ServiceName)
	require.Equal(t, outage.WorksFor("whatsapp"), w.recorder.last(t).Service)
}

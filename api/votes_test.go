package api_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api/spec"
	"github.com/outcryhq/outcry/pkg/outage"
)

func TestVotesOfTheLastHour(t *testing.T) {
	t.Parallel()
	works := outage.WorksFor("whatsapp")
	w := newWorld(t, slices.Concat(
		minutes("whatsapp", "NL", at("08:40"), 3, 1), minutes("whatsapp", "FR", at("08:00"), 2), minutes("whatsapp", "FR", at("07:30"), 9),
		minutes(works, "NL", at("08:41"), 5), minutes(works, "DE", at("07:20"), 7))...)
	type detail struct {
		Votes     *spec.Votes
		Countries []country
	}
	got := read[detail](w, http.StatusOK, "/v1/services/whatsapp")
	require.Equal(t, &spec.Votes{Fails: 6, Works: 5}, got.Votes)
	require.Len(t, got.Countries, 2, "votes for it are not complaints: %v", got.Countries)
	require.Equal(t, &spec.Votes{}, read[detail](w, http.StatusOK, "/v1/services/netflix").Votes)
	for _, s := range read[serviceList](w, http.StatusOK, "/v1/services?limit=200").Services {
		require.False(t, outage.IsWorks(s.Service))
	}

	w = newWorld(t)
	w.liveAway.Store(true)
	require.Nil(t, read[detail](w, http.StatusOK, "/v1/services/whatsapp").Votes, "unknown is not none")
}

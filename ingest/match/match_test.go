package match

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/catalog"
)

func newMatcher(t testing.TB) *Matcher {
	t.Helper()
	c, err := catalog.Default()
	require.NoError(t, err)
	m, err := New(c, nil)
	require.NoError(t, err)
	return m
}

func TestEnglish(t *testing.T) {
	t.Parallel()
	m := newMatcher(t)
	for text, want := range map[string]string{
		"is whatsapp down for anyone else right now":     "whatsapp",
		"Is WhatsApp down?":                              "whatsapp",
		"whatsapp downnnnn":                              "whatsapp",
		"#whatsappdown again":                            "whatsapp",
		"@WhatsApp one tick since noon, what's going on": "whatsapp",
		"hey @jankoum fix your servers":                  "whatsapp",
		"instagram won’t load":                           "instagram",
		"Ｉｎｓｔａｇｒａｍ isn't working":                        "instagram",
		"insta\u200bgram isnt loading":                   "instagram",
		"SOS only on Vodafone in Leeds":                  "vodafone",
		"spotify keeps crashing and won't load anything": "spotify",
		"is X down":                             "x",
		"#xdown":                                "x",
		"can't log in to netflix, anyone else?": "netflix",
		"EE no signal in Bristol":               "ee",
		"BT internet is down in Leeds since this morning": "bt",
		"is anyone else's Discord not connecting":         "discord",
		"netflix has been down since yesterday":           "netflix",
		"WhatsApp works fine but Instagram is down":       "instagram",
	} {
		v := m.Classify(Post{Text: text})
		require.Equal(t, want, v.Service, "%s: %+v", text, v)
		require.True(t, v.Complaint, "%s: %+v", text, v)
		require.NotEmpty(t, v.Phrase, text)
		require.Empty(t, v.Reason, text)
	}
	for text, want := range map[string]string{
		"what a lovely day":                                     reasonNoService,
		"I love Spotify":                                        reasonNoPhrase,
		"my new boss at Google is down to earth":                reasonFriend,
		"anyone down for lunch at Starbucks and then Netflix?":  reasonFriend,
		"Apple shares are down 3% today, says Google":           reasonAdvert,
		"Netflix let me down with that finale":                  reasonFriend,
		"remember when WhatsApp was down for a day":             reasonPast,
		"WhatsApp is back":                                      reasonRecovered,
		"WhatsApp was down but it's working again":              reasonRecovered,
		"WhatsApp isn't down for me":                            reasonNegated,
		"RT @someone: WhatsApp is down":                         reasonRepost,
		"We are aware that WhatsApp is down for some users":     reasonOfficial,
		"How do I delete my WhatsApp account? it is down to me": reasonQuestion,
		"the waiting line is down the street":                   reasonAmbiguous,
		"I bought three apples and my car broke down yesterday": reasonAmbiguous,
	} {
		v := m.Classify(Post{Text: text})
		require.False(t, v.Complaint, "%s: %+v", text, v)
		require.Equal(t, want, v.Reason, "%s: %+v", text, v)
		require.Contains(t, Reasons, v.Reason)
	}
}

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
		"BT internet is down in Leeds since this morning":                 "bt",
		"is anyone else's Discord not connecting":                         "discord",
		"netflix has been down since yesterday":                           "netflix",
		"WhatsApp works fine but Instagram is down":                       "instagram",
		"why does github give an error on every single page I open today": "github",
		"spotify error 😡":                                                 "spotify",
	} {
		v := m.Classify(Post{Text: text})
		require.Equal(t, want, v.Service, "%s: %+v", text, v)
		require.True(t, v.Complaint, "%s: %+v", text, v)
		require.NotEmpty(t, v.Phrase, text)
		require.Empty(t, v.Reason, text)
	}
	for text, want := range map[string]string{
		"what a lovely day":                                             reasonNoService,
		"I love Spotify":                                                reasonNoPhrase,
		"my new boss at Google is down to earth":                        reasonFriend,
		"anyone down for lunch at Starbucks and then Netflix?":          reasonFriend,
		"Apple shares are down 3% today, says Google":                   reasonAdvert,
		"Netflix let me down with that finale":                          reasonFriend,
		"remember when WhatsApp was down for a day":                     reasonPast,
		"WhatsApp is back":                                              reasonRecovered,
		"WhatsApp was down but it's working again":                      reasonRecovered,
		"WhatsApp isn't down for me":                                    reasonNegated,
		"RT @someone: WhatsApp is down":                                 reasonRepost,
		"We are aware that WhatsApp is down for some users":             reasonOfficial,
		"How do I delete my WhatsApp account, it is down again":         reasonQuestion,
		"the play was great":                                            reasonAmbiguous,
		"with the GitHub error codes of the parser a program continues": reasonImpersonal,
		"gcloud compute instances perform-maintenance":                  reasonImpersonal,
		"Netflix is down --retry=3":                                     reasonImpersonal,
		"%s: cannot open spotify":                                       reasonImpersonal,
	} {
		v := m.Classify(Post{Text: text})
		require.False(t, v.Complaint, "%s: %+v", text, v)
		require.Equal(t, want, v.Reason, "%s: %+v", text, v)
		require.Contains(t, Reasons, v.Reason)
	}
}

func BenchmarkClassifyStream(b *testing.B) {
	m := newMatcher(b)
	posts := stream()
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		m.Classify(posts[i%len(posts)])
	}
}

// stream is 4,000 posts in ten languages, of which one in a hundred complains.
func stream() []Post {
	lines := []string{
		"Good morning everyone! Coffee first, then I will finish that drawing I started last night, see you later #art #morning",
		"just finished the second season and I have so many thoughts about that ending, nobody talk to me for a week",
		"今日は久しぶりに友達とご飯に行ってきた。お店の雰囲気もよくて、また行きたいなと思いました",
		"Heute war das Wetter endlich wieder schön, also sind wir mit den Kindern an den See gefahren und haben Eis gegessen",
		"hari ini hujan terus dari pagi, enaknya makan mie rebus sambil nonton drama di kamar aja",
		"Hoje acordei cedo para correr no parque, depois tomei um café maravilhoso com a minha irmã ☀️",
		"El partido de anoche fue increíble, no puedo creer que hayan remontado en los últimos cinco minutos!!",
		"Je viens de terminer ce livre et franchement je le conseille à tout le monde, quelle écriture https://example.com/livre/123",
		"오늘 날씨 너무 좋아서 한강에서 산책했는데 사람 진짜 많더라 ㅋㅋㅋ 사진 많이 찍었다",
		"Сегодня весь день гуляли по городу, нашли отличную кофейню рядом с набережной и купили новую книгу",
		"صباح الخير يا أصدقاء، أتمنى لكم يوما جميلا مليئا بالفرح والسعادة والنجاح",
		"วันนี้ไปกินข้าวกับเพื่อนที่ร้านใหม่ อร่อยมาก บรรยากาศดีสุด ๆ อยากไปอีก",
		"bugün hava çok güzeldi, sahilde uzunca yürüdük ve dondurma yedik, keyifli bir gündü",
		"@alice.example.com thanks for sharing this, I had no idea the exhibition was still open until Sunday",
	}
	posts := make([]Post, 4000)
	for i := range posts {
		posts[i].Text = lines[i%len(lines)]
		if i%100 == 0 {
			posts[i].Text = "is WhatsApp down for anyone else? messages not sending since noon"
		}
	}
	return posts
}

// FuzzClassify looks for posts that the matcher cannot take.
func FuzzClassify(f *testing.F) {
	m := newMatcher(f)
	for _, seed := range []string{
		"is whatsapp down", "#whatsappdown", "@WhatsApp ... @", "ا و ال بال", "か\u3099き\u3099", "ﾊﾟﾋﾟ", "e\u0301\u0301\u0301",
		"\u1112\u1161\u11ab", "xxx www http://", "aaaaaaaaa", "\xff\xfe", "#", "@", "＃タグ", "ﷺ", "İIıi", "👩‍👩‍👧", "a'b’t n't",
	} {
		f.Add(seed, "en")
	}
	f.Fuzz(func(t *testing.T, text, language string) {
		v := m.Classify(Post{Text: text, Language: language})
		require.Equal(t, v.Complaint, v.Reason == "")
		if v.Complaint {
			require.NotEmpty(t, v.Service)
			require.NotEmpty(t, v.Phrase)
		} else {
			require.Contains(t, Reasons, v.Reason)
		}
	})
}

// FuzzNormalize looks for texts whose normal form breaks its own rules.
func FuzzNormalize(f *testing.F) {
	folder := newFolder()
	f.Add("Straße downnnn can't @a_b #c İstanbul 東京")
	f.Fuzz(func(t *testing.T, s string) {
		var n text
		n.read(folder, s)
		require.Len(t, n.attr, len(n.buf))
		require.Equal(t, byte(' '), n.buf[0])
		require.Equal(t, byte(' '), n.buf[len(n.buf)-1])
		require.NotContains(t, string(n.buf), "  ")
		for _, w := range n.words {
			require.Less(t, int(w.at), len(n.buf))
			require.Less(t, int(w.raw), len(s)+1)
		}
	})
}

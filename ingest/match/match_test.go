package match

import (
	"math/rand/v2"
	"strings"
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
		"gcloud compute instances request-maintenance":                  reasonImpersonal,
		"Netflix is down --retry=3":                                     reasonImpersonal,
		"%s: cannot open spotify":                                       reasonImpersonal,
	} {
		v := m.Classify(Post{Text: text})
		require.False(t, v.Complaint, "%s: %+v", text, v)
		require.Equal(t, want, v.Reason, "%s: %+v", text, v)
		require.Contains(t, Reasons, v.Reason)
	}
}

// A phrase of one language is no complaint in a post of another, and a word that is a
// service's name somewhere is none where it is a word.
func TestOtherLanguages(t *testing.T) {
	t.Parallel()
	m := newMatcher(t)
	for _, c := range []struct{ language, text, service, reason string }{
		{"de", "heute ist die Sitzung, danach Netflix", "netflix", reasonFriend},
		{"vi", "youtube die rồi, nãy giờ không vào được", "youtube", ""},
		{"fr", "erreur du voisin, encore", "", reasonAmbiguous},
		{"en", "@theduapp is down, du internet not working in Dubai", "du", ""},
		{"es", "claro otra vez sin internet", "claro", ""},
		{"ja", "コマンドラインでエラーが出る", "", reasonNoService},
		{"ja", "ライン落ちてる？", "line", ""},
		{"en", "max_netflix_problems is not working", "", reasonNoService},
		{"en", "#netflix_is_down since noon", "netflix", ""},
		{"ms", "unifi naik harga lagi, mahal la", "unifi", reasonFriend},
		{"pl", "nie mogę wysłać zdjęć na Messengerze", "messenger", ""},
		{"tr", "Akbank'a giremiyorum sabahtan beri", "akbank", ""},
	} {
		v := m.Classify(Post{Text: c.text, Language: c.language})
		require.Equal(t, c.reason, v.Reason, "%s: %+v", c.text, v)
		if v.Complaint {
			require.Equal(t, c.service, v.Service, "%s: %+v", c.text, v)
		}
	}
}

func TestHalves(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("x|", 15) + "x"
	for line, want := range map[string][2]string{
		"not working":                         {"not working", ""},
		"[a|b] ... [c|d]":                     {"[a|b]", "[c|d]"},
		"[a ... b|c]":                         {"[a ... b|c]", ""},
		"[" + many + "] to [" + many + "]":    {"[" + many + "]", "to [" + many + "]"},
		"[" + many + "][" + many + "]":        {"[" + many + "]", "[" + many + "]"},
		"[" + many + "] [" + many + "|]":      {"[" + many + "] [" + many + "|]", ""},
		"[" + many + "] [a b|" + many + "] c": {"[" + many + "]", "[a b|" + many + "] c"},
	} {
		var p phrase
		first, second := halves(line, &p)
		require.Equal(t, want, [2]string{first, second}, line)
		require.Equal(t, line == "[a|b] ... [c|d]", p.gap, line)
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
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "posts/s")
}

// stream is 4,000 posts in twelve languages, more than 3,000 of them different, of
// which one in a hundred complains.
func stream() []Post {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same posts each time
	pick := func(of []string) string { return of[random.IntN(len(of))] }
	tongues := chatter()
	complaints := []string{
		"is WhatsApp down for anyone else? messages not sending since noon", "Instagram funktioniert schon wieder nicht",
		"se cayó netflix otra vez", "Spotify est en panne depuis ce matin ?", "twitter 落ちてる？", "shopee error lagi dari pagi",
	}
	posts := make([]Post, 4000)
	for i := range posts {
		if i%100 == 0 {
			posts[i].Text = pick(complaints)
			continue
		}
		tongue := tongues[random.IntN(len(tongues))]
		var text strings.Builder
		for n := 1 + random.IntN(3); n > 0; n-- {
			for _, part := range tongue {
				text.WriteString(pick(part))
			}
		}
		text.WriteString(pick([]string{"", "", "", " #art", " ☀️", " https://example.com/a/123", " 😂😂", "!!"}))
		posts[i].Text = strings.TrimSpace(text.String())
	}
	return posts
}

// chatter is parts of sentences, by language: one of each part makes a sentence.
func chatter() [][][]string {
	split := func(parts ...string) [][]string {
		all := make([][]string, len(parts))
		for i, part := range parts {
			all[i] = strings.Split(part, "|")
		}
		return all
	}
	return [][][]string{
		split("Good morning everyone,| @alice.example.com| Honestly| just realised| Last night| I cannot believe| So happy that",
			" my sister finished| we watched| nobody talks about| I finally read| the kids loved| they are showing on Netflix| I found on YouTube",
			" that drawing| the second season| a tiny bookshop| the exhibition| this song| the new Spotify playlist| three hours of football",
			" and it was lovely.| before the rain started.| with coffee and cake.| for the first time in years.| near the old station.| and now I need sleep."),
		split("Heute| Gestern Abend| Am Wochenende| Endlich| Nach der Arbeit", " waren wir mit den Kindern| habe ich mit meiner Schwester| sind alle Nachbarn| war die ganze Familie",
			" am See| im Kino| auf dem Flohmarkt| in der Oper| auf YouTube unterwegs", " und haben Eis gegessen.| und es war wunderbar.| bei herrlichem Wetter.| bis spät in die Nacht."),
		split("Hoy| Ayer| El partido de anoche| Mi abuela| Por fin", " fue increíble| me hizo reír| estuvo de maravilla| salió mejor de lo que pensaba", " con toda la familia| en la playa| después del trabajo| viendo Netflix",
			" y quiero repetir.| aunque llovía.| hasta el último minuto.| qué alegría."),
		split("Je viens de| On a voulu| Hier j'ai pu| Ma sœur va", " terminer ce livre| voir l'exposition| écouter cet album| cuisiner une tarte", " avec des amis| au bord de la mer| malgré la pluie| sur Spotify",
			" et franchement je conseille.| quelle écriture.| c'était superbe.| j'en veux encore."),
		split("Hoje| Ontem à noite| No domingo| Minha mãe", " acordei cedo| corri no parque| tomei um café maravilhoso| vi um filme lindo", " com a minha irmã| perto da praia| antes da chuva| no YouTube", " e adorei.| que dia bom.| recomendo muito.| foi incrível."),
		split("hari ini| tadi malam| akhir pekan| besok", " hujan terus| makan mie rebus| nonton drama| jalan sama teman", " di kamar aja| di pantai| bareng keluarga| di rumah nenek", " enak banget.| seru sekali.| bikin senang.| sampai sore."),
		split("bugün| dün akşam| hafta sonu| sabah", " hava çok güzeldi| sahilde yürüdük| dondurma yedik| kitap okudum", " arkadaşlarla| ailece| parkta| deniz kenarında", " çok keyifliydi.| harika bir gündü.| tavsiye ederim.| mutluyum."),
		split("Сегодня| Вчера| В выходные| Наконец", " гуляли по городу| нашли отличную кофейню| купили новую книгу| смотрели кино", " рядом с набережной| с друзьями| у бабушки| в парке", " и было чудесно.| весь вечер.| очень рекомендую.| до самой ночи."),
		split("صباح الخير| اليوم| مساء أمس| في العطلة", " ذهبنا إلى البحر| قرأت كتابا جميلا| شربنا القهوة| شاهدنا فيلما", " مع الأصدقاء| مع العائلة| قرب البيت| في الحديقة", " وكان يوما جميلا.| والجو رائع.| الحمد لله.| بسعادة كبيرة."),
		split("今日は|昨日は|週末に|久しぶりに", "友達とご飯に行って|新しい本を読んで|海まで散歩して|映画を見て", "お店の雰囲気もよくて|天気がよくて|のんびりできて|写真をたくさん撮って", "楽しかったです。|また行きたいなと思いました。|幸せな一日。|早く寝ます。"),
		split("오늘| 어제| 주말에| 드디어", " 날씨 너무 좋아서| 친구랑 밥 먹고| 책 다 읽고| 영화 보고", " 한강에서 산책했는데| 사진 많이 찍었는데| 카페 갔는데| 집에 왔는데", " 행복했다 ㅋㅋㅋ| 사람 많더라| 또 가고 싶다| 최고였다"),
		split("วันนี้|เมื่อวาน|วันหยุด|ในที่สุด", "ไปกินข้าวกับเพื่อน|อ่านหนังสือเล่มใหม่|ไปเดินเล่นริมทะเล|ดูหนังกับครอบครัว", "ที่ร้านใหม่|แถวบ้าน|ตอนเย็น|ทั้งวัน", " อร่อยมาก| บรรยากาศดีสุด ๆ| อยากไปอีก| มีความสุขมาก"),
	}
}

func TestStreamIsVaried(t *testing.T) {
	t.Parallel()
	m := newMatcher(t)
	different, taken := make(map[string]bool), 0
	for _, post := range stream() {
		different[post.Text] = true
		if m.Classify(post).Complaint {
			taken++
		}
	}
	require.Greater(t, len(different), 3000)
	require.Equal(t, 40, taken, "the complaints, and no chatter")
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

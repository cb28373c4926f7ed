package match

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// personalWords are what people say of a disturbance and manuals do not: that it
// is them, that it is now, that they are angry. By language; a * before one says that it
// may be inside of a word, as in scripts without spaces.
func personalWords() map[string]string {
	return map[string]string{
		"en": "i im ive my me mine us our ours again anyone anybody everyone everybody today tonight now rn atm morning evening since lately still yall guys bro bruh dude pls plz please wtf lol lmao omg ffs fuck fucking shit damn smh ugh argh wth hell yesterday hour hours ago yo hey rip why seriously literally ded sucks trash garbage",
		"de": "ich mir mich mein meine meinem meiner euch bei uns wieder heute gerade grad jemand noch schon seit morgen abend grade mal eben leute alter bitte hilfe scheiss scheisse verdammt dauernd staendig stunden wieso warum hier",
		"es": "yo me mi mis nos alguien hoy ahora otra vez todavia aun desde ayer hace rato gente amigos mierda puta joder porfa ayuda tambien ustedes os alguno alguna noche manana tarde siempre wey hora horas porque",
		"fr": "je j moi mon ma mes nous vous quelqu un encore aujourd hui ce matin soir la depuis toujours heures svp merde putain bordel marre chez les gens maintenant quelqu pourquoi serieux",
		"it": "io mi mio mia miei noi qualcuno oggi ora adesso ancora di nuovo da stamattina stasera ieri sempre ragazzi cazzo merda aiuto anche voi solo ore perche pure",
		"pt": "eu me meu minha meus alguem hoje agora de novo ainda desde ontem sempre gente galera porra merda caralho mais voces socorro aqui pra ta noite manha hora horas porque denovo",
		"nl": "ik mij me mijn jullie iemand vandaag nu weer alweer nog steeds sinds vanochtend vanmorgen vanavond gisteren mensen kut godver hier al uur bij help",
		"pl": "ja mi mnie moj moja wam was ktos dzis dzisiaj teraz znowu znow nadal od rana wczoraj ludzie kurwa u tez ciagle wieczorem godziny komus wam caly",
		"ru": "я у меня мне мой моя нас вас кто нибудь кого сегодня сейчас опять снова еще уже с утра вчера вечером люди блин блять ребят тоже всех час часа весь день какого че что",
		"tr": "ben benim bende bana bizde sizde kimse var mi bugun simdi yine gene hala sabahtan dunden beri aksam arkadaslar lan amk ya sizin sadece bi artik neden saat",
		"id": "aku saya gue gw gua aing kalian ada lagi hari ini sekarang masih dari tadi kemarin malam pagi guys woi anjir anjing kok sih nih dong bgt banget mulu terus kenapa ya deh gak jam min",
		"ms": "aku saya i korang ada lagi hari ni ini sekarang masih dari tadi semalam malam pagi weh woi asyik asik kenapa ke pulak je dah tolong jam min teruk",
		"vi": "khong ko luon hoai dang bi vay roi toi minh tui anh ai nua hom nay gio roi sang qua dm vcl vl nguoi ban huhu lai oi sao",
		"hi": "मैं मेरा मेरे मेरी मुझे किसी आज अभी फिर से अब तक सुबह कल रात भाई यार हमारे हो रहा क्या कब main mera mere meri mujhe kisi aaj abhi phir fir subah kal raat bhai yaar kya kab",
		"ar": "انا عندي عندكم لي معي معكم احد حد اليوم الان الحين لسه للحين من الصبح امس الليله يا ناس شباب كمان تاني مره ثانيه دلوقتي هل ليش ليه وش ايش عندنا",
		"ja": "*今日 *今 *また *ずっと *私 *俺 *僕 *自分 *うち *だけ *みんな *朝 *昨日 *誰か *ない？ *よね *のかな *かな *じゃん *草 *笑 *まじ *マジ *なう *んだけど *って *ねえ *なんで",
		"ko": "*나만 *저만 *오늘 *지금 *또 *아직 *아침 *어제 *계속 *왜 *ㅋㅋ *ㅠ *ㅜ *내 *제 *다들 *혹시 *요즘 *시간 *나요 *인가 *네요 *하네 *냐 *씨발 *ㅅㅂ *ㅡㅡ *진짜",
		"th": "*วันนี้ *ตอนนี้ *อีกแล้ว *ใคร *เรา *ผม *ฉัน *กู *หนู *เมื่อ *ตั้งแต่ *ไหม *มั้ย *ป่าว *เปล่า *ครับ *ค่ะ *คะ *วะ *ว่ะ *โว้ย *เลย *แม่ง *ทำไม *อยู่ *ยัง *555 *บ้าน *แล้ว *จัง",
	}
}

// shortPost is how long a post is, in quarters of a word, that needs no sign: "spotify error".
const shortPost = 5 * oneWord

// personal is the words of one language in normal form.
type personal struct {
	words  map[string]bool
	inside []string
}

// personalOf reads the words that are personal in each of languages.
func (b *matcherBuilder) personalOf(languages []string) []personal {
	lists := personalWords()
	all := make([]personal, len(languages))
	for i, language := range languages {
		all[i].words = make(map[string]bool)
		for word := range strings.FieldsSeq(lists[language]) {
			word, inside := strings.CutPrefix(word, "*")
			switch key, _ := b.normal(word); {
			case key == "":
			case inside:
				all[i].inside = append(all[i].inside, key)
			default:
				all[i].words[key] = true
			}
		}
	}
	return all
}

// impersonal reports whether a phrase beside a bare name is what a manual or a
// program says rather than a person: it looks like code, or it is one weak phrase
// without any sign that somebody complains.
func (m *Matcher) impersonal(s *scratch, raw string, n, h *hit) bool {
	if n.handle {
		return false
	}
	if isCode(raw[:min(len(raw), maxBytes)]) {
		return true
	}
	if h.kind != weak && !s.isWeak(h) {
		return false
	}
	if s.compound(raw, h) {
		return true
	}
	switch string(s.text.buf[h.start:h.end]) {
	case "die", "los": // slang of one language, an article of another: an emoji is not enough
		return !m.isPersonal(s, h)
	}
	most := int32(shortPost)
	if n.doubtful {
		most -= oneWord
	}
	short := s.units[len(s.text.buf)-1] <= most
	return !short && !s.another(h) && !exclaims(raw[:min(len(raw), maxBytes)]) && !m.isPersonal(s, h)
}

// compound reports whether a phrase is the end of a word with a hyphen, such as
// "perform-maintenance".
func (s *scratch) compound(raw string, h *hit) bool {
	i, ok := slices.BinarySearchFunc(s.text.words, h.start, func(w word, start int32) int { return int(w.at - start) })
	if !ok {
		return false
	}
	at := int(s.text.words[i].raw)
	return at > 1 && at <= len(raw) && raw[at-1] == '-' && isAlnum(raw[at-2])
}

// isWeak reports whether a phrase of one word is weak in another language: "error".
func (s *scratch) isWeak(h *hit) bool {
	if bytes.IndexByte(s.text.buf[h.start:h.end], ' ') >= 0 {
		return false
	}
	return slices.ContainsFunc(s.hits, func(o hit) bool {
		return o.kind == weak && o.start == h.start && o.end == h.end
	})
}

// another reports whether a post says twice that something fails.
func (s *scratch) another(h *hit) bool {
	return slices.ContainsFunc(s.hits, func(o hit) bool {
		return says(o.kind) && !o.dropped && o.id != h.id && (o.start >= h.end || o.end <= h.start) && s.speaks(h, o.language)
	})
}

// isPersonal looks for a personal word of a language that has the phrase.
func (m *Matcher) isPersonal(s *scratch, h *hit) bool {
	text := string(s.text.buf)
	for i := range m.personal {
		if !s.speaks(h, uint8(i)) {
			continue
		}
		p := &m.personal[i]
		if slices.ContainsFunc(p.inside, func(one string) bool { return strings.Contains(text, one) }) {
			return true
		}
		for word := range strings.FieldsSeq(text) {
			if p.words[word] {
				return true
			}
		}
	}
	return false
}

// exclaims looks for what only people write: "!!", "?", drawn-out letters and emoji.
func exclaims(raw string) bool {
	if strings.ContainsAny(raw, "?？؟") || strings.Contains(raw, "!!") || strings.Contains(raw, "！！") {
		return true
	}
	run, last := 0, rune(0)
	for _, r := range raw {
		if r >= 0x1F300 && r <= 0x1FAFF || r == 0x2639 || r == 0x263A {
			return true
		}
		if r != last {
			run, last = 0, r
		}
		run++
		if run > longRun && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0xC0 && r < 0xE000) {
			return true
		}
	}
	return false
}

// isCode looks for options, placeholders, calls and the like.
func isCode(raw string) bool {
	for i := range len(raw) {
		switch raw[i] {
		case '-', '%', '(', '[', '{', '}', '\\', '<', '`', '=', '$':
			if isCodeAt(byteAt(raw, i-1), raw[i], byteAt(raw, i+1), byteAt(raw, i+2)) {
				return true
			}
		}
	}
	return false
}

// byteAt is a byte of a text, or a space outside of it.
func byteAt(raw string, i int) byte {
	if i < 0 || i >= len(raw) {
		return ' '
	}
	return raw[i]
}

// isCodeAt judges a sign by the byte before and the two behind.
func isCodeAt(before, sign, after, next byte) bool {
	switch sign {
	case '-': // --option
		return after == '-' && isAlnum(next) && !isAlnum(before) && before < utf8.RuneSelf && before != '-'
	case '%': // %s, but not 50%
		return strings.IndexByte("sdquxpPX(", after) >= 0 && (before < '0' || before > '9') && !isAlnum(next)
	case '(': // call()
		return after == ')' && isAlnum(before)
	case '[': // [OPTION
		return after == '-' || isCapital(after) && isCapital(next)
	case '=': // key=value
		return isAlnum(before) && isAlnum(after)
	case '$': // a prompt, $a_variable
		return after == ' ' && before == ' ' || isAlnum(after) && next == '_'
	default:
		return isAlnum(after) && !isAlnum(before)
	}
}

func isCapital(c byte) bool { return c >= 'A' && c <= 'Z' }

package place_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/place"
)

func BenchmarkGazetteerOpen(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var g *place.Gazetteer
	for b.Loop() {
		g = openGazetteer(b)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
	runtime.KeepAlive(g)
}

func BenchmarkGazetteerProfile(b *testing.B) {
	benchmarkFind(b, openGazetteer(b).Profile, []string{
		"Jakarta | she/her", "Rotterdam 🇳🇱", "somewhere on Earth", "London, Ontario", "Lagos/Abuja", "Home", "São Paulo, Brasil", "東京都", "Austin, TX",
	})
}

func BenchmarkGazetteerText(b *testing.B) {
	benchmarkFind(b, openGazetteer(b).Text, []string{
		"Is WhatsApp down in London? I cannot send anything since noon", "indihome mati di bandung dari tadi pagi, gimana nih",
		"東京でドコモがつながらない", "не работает телеграм в Москве", "the app keeps crashing when I open it, is it only me?",
	})
}

func benchmarkFind(b *testing.B, find func(string) (string, bool), texts []string) {
	b.Helper()
	b.ReportAllocs()
	count := 0
	for b.Loop() {
		find(texts[count%len(texts)])
		count++
	}
	b.ReportMetric(float64(count)/b.Elapsed().Seconds(), "texts/s")
}

// What is looked up of hostile text leaves no garbage, however long it is.
func TestGazetteerDoesNotAllocate(t *testing.T) {
	t.Parallel()
	g := openGazetteer(t)
	allocations := testing.Benchmark(func(b *testing.B) { //nolint:thelper // the benchmark itself
		for b.Loop() {
			g.Profile("Jakarta Selatan, Indonesia 🇮🇩 | she/her")
			g.Text("İstanbul'da internet yok, не работает в Москве, 東京で障害, 서울에서 카톡 안됨")
		}
	}).AllocsPerOp()
	require.Zero(t, allocations)
}

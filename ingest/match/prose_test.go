package match

import (
	"bufio"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Ordinary prose is no complaint: of a million sentences, at most twenty are
// taken for one. The corpus, a sentence a line, is too large to be kept;
// docs/matching.md says how one is made.
func TestProse(t *testing.T) {
	t.Parallel()
	path := os.Getenv("OUTCRY_PROSE")
	if path == "" {
		t.Skip("OUTCRY_PROSE names no corpus")
	}
	file, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	m := newMatcher(t)
	sentences, taken := 0, 0
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		sentences++
		if v := m.Classify(Post{Text: lines.Text()}); v.Complaint {
			taken++
			if taken <= 200 {
				t.Logf("%s, %q (%s): %.160s", v.Service, v.Phrase, v.Language, lines.Text())
			}
		}
	}
	require.NoError(t, lines.Err())
	t.Logf("%d of %d sentences were taken for complaints", taken, sentences)
	require.LessOrEqual(t, float64(taken)*1e6, 20*float64(sentences))
}

package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/match"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
)

// builtInMatcher is made once for all tests: with the race detector it takes seconds.
var builtInMatcher = sync.OnceValues(func() (*match.Matcher, error) { //nolint:gochecknoglobals // shared
	services, err := catalog.Default()
	if err != nil {
		return nil, err
	}
	return newMatcher(services)
})

func TestClassify(t *testing.T) {
	t.Parallel()
	matcher, err := builtInMatcher()
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, classify(matcher, strings.NewReader(`{"id":"a","text":"is whatsapp down for anyone else?","place":"NL"}

{"id":7,"text":"what a lovely day"}
{"text":"WhatsApp is back","lang":"en"}
`), &out))
	got := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	want := []string{
		`{"id":"a","complaint":true,"service":"whatsapp","country":"NL","country_from":"post","language":"en","phrase":"down for anyone else","reason":""}`,
		`{"id":7,"complaint":false,"service":"","country":"ZZ","country_from":"nothing","language":"","phrase":"","reason":"no_service"}`,
		`{"complaint":false,"service":"whatsapp","country":"ZZ","country_from":"nothing","language":"","phrase":"","reason":"recovered"}`,
	}
	require.Len(t, got, len(want))
	for i := range want {
		require.JSONEq(t, want[i], got[i])
	}
}

func TestClassifyNamesTheLineThatIsNoPost(t *testing.T) {
	t.Parallel()
	matcher, err := builtInMatcher()
	require.NoError(t, err)
	const good = `{"text":"hello"}` + "\n"
	for name, c := range map[string]struct{ text, want string }{
		"not JSON":        {good + "hello\n", "line 2: "},
		"no text":         {good + good + `{"id":"1"}`, "line 3: "},
		"another type":    {`{"text":7}`, "line 1: "},
		"a very long one": {good + `{"text":"` + strings.Repeat("x", maxPostLine) + `"}`, "line 2: "},
	} {
		var out bytes.Buffer
		err := classify(matcher, strings.NewReader(c.text), &out)
		require.ErrorIs(t, err, outage.ErrInvalid, name)
		require.ErrorContains(t, err, c.want, name)
		require.ErrorIs(t, badInput(err), errUsage, name)
		require.Less(t, len(err.Error()), 300, "what was read is not repeated whole")
		require.Equal(t, strings.Count(c.text, good), strings.Count(out.String(), "\n"), "what was good is answered")
	}
}

func TestClassifyUnpacks(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(`{"text":"is netflix down?"}`))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	path := filepath.Join(t.TempDir(), "posts.ndjson.gz")
	require.NoError(t, os.WriteFile(path, packed.Bytes(), 0o600))
	cmd := classifyCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs([]string{path})
	require.NoError(t, cmd.Execute())
	require.Contains(t, out.String(), `"service":"netflix"`)
}

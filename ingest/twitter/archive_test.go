package twitter_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest/twitter"
	"github.com/outcryhq/outcry/pkg/outage"
)

// The same text, packed in each way. There is no packer for bzip2 in Go.
const (
	archived = "{\"a\":1}\n\n{\"b\":2}\r\n"
	bzipped  = "425a68393141592653597af6430700000759800012100030103000000a200021293d269b28400c224b5c21a1e1cf8bb9229c28483d7b218380"
)

func packed(t *testing.T) map[string][]byte {
	t.Helper()
	var g bytes.Buffer
	gz := gzip.NewWriter(&g)
	_, err := gz.Write([]byte(archived))
	require.NoError(t, err)
	require.NoError(t, gz.Close())
	z, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	bz, err := hex.DecodeString(bzipped)
	require.NoError(t, err)
	skippable := []byte{0x5a, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'x', 'x'}
	frame := z.EncodeAll([]byte(archived), nil)
	return map[string][]byte{
		"plain": []byte(archived), "gzip": g.Bytes(), "bzip2": bz, "zstd": frame,
		"zstd after a frame to be skipped": append(skippable, frame...),
	}
}

func linesOfArchive(a *twitter.Archive) (lines []string, err error) {
	for {
		line, err := a.Next()
		switch {
		case errors.Is(err, io.EOF):
			return lines, nil
		case errors.Is(err, twitter.ErrMalformed):
			lines = append(lines, "too long")
			continue
		case err != nil:
			return lines, err
		}
		lines = append(lines, string(line))
	}
}

func TestArchivesAreUnpackedByTheirFirstBytes(t *testing.T) {
	t.Parallel()
	for name, content := range packed(t) {
		path := filepath.Join(t.TempDir(), "dump.json")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		file, err := twitter.OpenArchive(path, nil)
		require.NoError(t, err, name)
		require.Equal(t, `{"a":1}`, string(file.Begin()[:7]), name)
		lines, err := linesOfArchive(file)
		require.NoError(t, err, name)
		require.Equal(t, []string{`{"a":1}`, `{"b":2}`}, lines, name)
		require.NoError(t, file.Close())
		require.NoError(t, file.Close())

		// Some archives are files that were packed one by one and joined.
		if name != "plain" {
			content = append(bytes.Clone(content), content...)
			input, err := twitter.OpenArchive("-", bytes.NewReader(content))
			require.NoError(t, err, name)
			lines, err = linesOfArchive(input)
			require.NoError(t, err, name)
			require.Len(t, lines, 4, name)
			require.NoError(t, input.Close())
		}

		// What is cut off is said, after what could be read.
		if name != "plain" {
			input, err := twitter.OpenArchive("-", bytes.NewReader(packed(t)[name][:len(packed(t)[name])-3]))
			if err == nil {
				_, err = linesOfArchive(input)
			}
			require.ErrorIs(t, err, outage.ErrInvalid, name)
			require.ErrorContains(t, err, "cannot be unpacked", name)
		}
	}
}

func TestArchiveLines(t *testing.T) {
	t.Parallel()
	const most = 256 << 10
	just, long := strings.Repeat("x", most-1), strings.Repeat("x", most+1)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"empty":                {"", nil},
		"blank":                {"\n \r\n\n", nil},
		"no end":               {"a\nb", []string{"a", "b"}},
		"longest":              {just + "\nb\n", []string{just, "b"}},
		"longest at the end":   {"a\n" + just, []string{"a", just}},
		"too long":             {"a\n" + long + "\nb\n", []string{"a", "too long", "b"}},
		"too long at the end":  {"a\n" + long, []string{"a", "too long"}},
		"much too long":        {long + long + long + "\nb", []string{"too long", "b"}},
		"two that are as long": {long + "\n" + long + "\nb", []string{"too long", "too long", "b"}},
	} {
		input, err := twitter.OpenArchive("-", strings.NewReader(c.text))
		require.NoError(t, err, name)
		lines, err := linesOfArchive(input)
		require.NoError(t, err, name)
		require.Len(t, lines, len(c.want), name)
		for i := range c.want {
			require.Equal(t, c.want[i], lines[i], "%s: line %d", name, i+1)
		}
	}
}

func TestArchivesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	_, err := twitter.OpenArchive(filepath.Join(t.TempDir(), "missing"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = twitter.OpenArchive(t.TempDir(), nil)
	require.ErrorIs(t, err, outage.ErrInvalid)
	require.ErrorContains(t, err, "is a folder")
	disk := &os.PathError{Op: "read", Path: "/dev/sdx", Err: errors.New("input/output error")}
	input, err := twitter.OpenArchive("-", io.MultiReader(strings.NewReader("a\nb\nc\nd\n"), failing{disk}))
	require.NoError(t, err)
	lines, err := linesOfArchive(input)
	require.ErrorIs(t, err, disk)
	require.NotErrorIs(t, err, outage.ErrInvalid, "a disk that fails is not bad input")
	require.Len(t, lines, 4)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzArchive(f *testing.F) {
	for _, text := range []string{archived, "\x1f\x8b", "BZh9", "\x28\xb5\x2f\xfd", "\x50\x2a\x4d\x18\x00\x00\x00\x00"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		input, err := twitter.OpenArchive("-", bytes.NewReader(content))
		if err != nil {
			require.ErrorIs(t, err, outage.ErrInvalid)
			return
		}
		defer func() { require.NoError(t, input.Close()) }()
		for range 1000 {
			line, err := input.Next()
			if errors.Is(err, io.EOF) || errors.Is(err, outage.ErrInvalid) {
				return
			}
			if !errors.Is(err, twitter.ErrMalformed) {
				require.NoError(t, err)
				require.NotEmpty(t, bytes.TrimSpace(line))
			}
		}
	})
}

package countcsv_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/countcsv"
	"github.com/outcryhq/outcry/pkg/outage"
)

const header = countcsv.Header + "\n"

func readAll(r io.Reader) ([]countcsv.Row, error) {
	reader, err := countcsv.NewReader(r)
	if err != nil {
		return nil, err
	}
	var rows []countcsv.Row
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
}

func row(at, service, country string, reports int) countcsv.Row {
	start, err := time.Parse(time.RFC3339, at)
	if err != nil {
		panic(err)
	}
	return countcsv.Row{Start: start.UTC(), Series: outage.Series{Service: service, Country: country}, Reports: reports}
}

func TestReadWhatIsWritten(t *testing.T) {
	t.Parallel()
	rows := []countcsv.Row{
		row("2017-11-03T08:00:00Z", "whatsapp", "NL", 17),
		row("2017-11-03T08:00:00Z", "whatsapp", "ZZ", 0),
		row("2017-11-03T08:01:00Z", "t-mobile.2", "GB", countcsv.MostReports),
	}
	var buf bytes.Buffer
	w := countcsv.NewWriter(&buf)
	for _, r := range rows {
		require.NoError(t, w.Write(r))
	}
	require.NoError(t, w.Flush())
	require.True(t, strings.HasPrefix(buf.String(), header+"2017-11-03T08:00:00Z,whatsapp,NL,17\n"))
	got, err := readAll(&buf)
	require.NoError(t, err)
	require.Equal(t, rows, got)
}

func TestReadIsLenientAboutForm(t *testing.T) {
	t.Parallel()
	want := []countcsv.Row{row("2017-11-03T08:00:00Z", "whatsapp", "NL", 17)}
	for name, text := range map[string]string{
		"byte order mark":       "\uFEFF" + header + "2017-11-03T08:00:00Z,whatsapp,NL,17\n",
		"carriage returns":      countcsv.Header + "\r\n2017-11-03T08:00:00Z,whatsapp,NL,17\r\n",
		"no newline at the end": header + "2017-11-03T08:00:00Z,whatsapp,NL,17",
		"empty lines":           header + "\n2017-11-03T08:00:00Z,whatsapp,NL,17\n\n",
		"quotes":                header + "\"2017-11-03T08:00:00Z\",\"whatsapp\",\"NL\",\"17\"\n",
		"offset of zero":        header + "2017-11-03T08:00:00+00:00,whatsapp,NL,17\n",
		"seconds":               header + "2017-11-03T08:00:52Z,whatsapp,NL,17\n",
	} {
		got, err := readAll(strings.NewReader(text))
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
	}
}

func TestABadRowNamesItsLineAndWhatWasExpected(t *testing.T) {
	t.Parallel()
	good := header + "2017-11-03T08:00:00Z,whatsapp,NL,17\n"
	for name, c := range map[string]struct{ text, want string }{
		"empty file":       {"", "line 1: invalid input: expected the header"},
		"no header":        {"2017-11-03T08:00:00Z,whatsapp,NL,17\n", "line 1: invalid input: expected the header"},
		"three fields":     {good + "2017-11-03T08:00:00Z,whatsapp,NL\n", "line 3: invalid input: expected four fields"},
		"five fields":      {good + "2017-11-03T08:00:00Z,whatsapp,NL,1,2\n", "line 3: invalid input: expected four fields"},
		"no time":          {good + "noon,whatsapp,NL,1\n", "line 3: invalid input: expected a time like"},
		"a mistyped year":  {good + "2262-11-03T08:00:00Z,whatsapp,NL,1\n", "line 3: invalid input: expected a time in the years 2000 to 2099"},
		"the last year":    {good + "9999-12-31T23:59:00Z,whatsapp,NL,1\n", "expected a time in the years"},
		"an epoch":         {header + "1970-01-01T00:00:00Z,whatsapp,NL,1\n", "expected a time in the years"},
		"another zone":     {good + "2017-11-03T08:00:00+01:00,whatsapp,NL,1\n", "line 3: invalid input: expected a time like"},
		"out of order":     {good + "2017-11-03T07:59:00Z,whatsapp,NL,1\n", "line 3: invalid input: expected rows in the order of time"},
		"twice":            {good + "2017-11-03T08:00:30Z,whatsapp,NL,1\n", "line 3: invalid input: expected one row for a series and time"},
		"upper case":       {good + "2017-11-03T08:00:00Z,WhatsApp,NL,1\n", "expected a service as a slug"},
		"long service":     {good + "2017-11-03T08:00:00Z," + strings.Repeat("a", 65) + ",NL,1\n", "expected a service as a slug"},
		"all countries":    {good + "2017-11-03T08:00:00Z,whatsapp,*,1\n", "expected a country as two capital letters"},
		"small letters":    {good + "2017-11-03T08:00:00Z,whatsapp,nl,1\n", "expected a country as two capital letters"},
		"no such country":  {good + "2017-11-03T08:00:00Z,whatsapp,XX,1\n", "that ISO 3166-1 assigns, or ZZ for unknown, not \"XX\""},
		"negative reports": {good + "2017-11-03T08:00:00Z,whatsapp,GB,-1\n", "expected reports as a whole number"},
		"half a report":    {good + "2017-11-03T08:00:00Z,whatsapp,GB,1.5\n", "expected reports as a whole number"},
		"too many reports": {good + "2017-11-03T08:00:00Z,whatsapp,GB,9999999999\n", "expected reports as a whole number"},
		"a long line":      {good + strings.Repeat("x", 100_000), "line 3: invalid input: expected a line of at most"},
	} {
		_, err := readAll(strings.NewReader(c.text))
		require.ErrorIs(t, err, outage.ErrInvalid, name)
		require.ErrorContains(t, err, c.want, name)
		require.Less(t, len(err.Error()), 400, "what was read is not repeated whole")
	}
}

func TestOpenUnpacks(t *testing.T) {
	t.Parallel()
	text := header + "2017-11-03T08:00:00Z,whatsapp,NL,17\n"
	dir := t.TempDir()
	var gz, zst bytes.Buffer
	g := gzip.NewWriter(&gz)
	_, err := g.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, g.Close())
	z, err := zstd.NewWriter(&zst)
	require.NoError(t, err)
	_, err = z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	for name, content := range map[string][]byte{"c.csv": []byte(text), "c.csv.gz": gz.Bytes(), "c.csv.zst": zst.Bytes()} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		file, err := countcsv.Open(path, nil)
		require.NoError(t, err, name)
		rows, err := readAll(file)
		require.NoError(t, err, name)
		require.Len(t, rows, 1, name)
		require.NoError(t, file.Close())
	}
	in, err := countcsv.Open("-", strings.NewReader(text))
	require.NoError(t, err)
	rows, err := readAll(in)
	require.NoError(t, err)
	require.Len(t, rows, 1)

	_, err = countcsv.Open(filepath.Join(dir, "missing.csv"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	broken := filepath.Join(dir, "broken.csv.gz")
	require.NoError(t, os.WriteFile(broken, []byte(text), 0o600))
	_, err = countcsv.Open(broken, nil)
	require.ErrorIs(t, err, gzip.ErrHeader)
}

func TestWhatCannotBeUnpackedIsInvalid(t *testing.T) {
	t.Parallel()
	text := []byte(header + "2017-11-03T08:00:00Z,whatsapp,NL,17\n")
	var gz, zst bytes.Buffer
	g := gzip.NewWriter(&gz)
	_, err := g.Write(text)
	require.NoError(t, err)
	require.NoError(t, g.Close())
	z, err := zstd.NewWriter(&zst)
	require.NoError(t, err)
	_, err = z.Write(text)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"garbage.gz": []byte("not packed at all"), "garbage.zst": []byte("not packed at all"), "nothing.gz": nil,
		"cut.gz": gz.Bytes()[:gz.Len()-4], "cut.zst": zst.Bytes()[:zst.Len()-4],
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		file, err := countcsv.Open(path, nil)
		if err == nil {
			_, err = readAll(file)
			require.NoError(t, file.Close(), "it was said already")
		}
		require.ErrorIs(t, err, outage.ErrInvalid, name)
		require.ErrorContains(t, err, path+" cannot be unpacked", name)
	}
}

func TestAFolderIsNoFileOfCounts(t *testing.T) {
	t.Parallel()
	dir, err := os.Open(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, dir.Close()) }()
	_, err = countcsv.Open(dir.Name(), nil)
	require.ErrorIs(t, err, outage.ErrInvalid)
	require.ErrorContains(t, err, "is a folder")
	_, err = countcsv.Open("-", dir)
	require.ErrorIs(t, err, outage.ErrInvalid)
}

func TestSpreadKeepsTheSum(t *testing.T) {
	t.Parallel()
	for _, minutes := range []int{1, 2, 15, 60, 1440} {
		for _, reports := range []int{0, 1, 7, 15, 16, 597, countcsv.MostReports} {
			sum, least, most := 0, reports, 0
			for i := range minutes {
				n := countcsv.Spread(reports, minutes, i)
				sum, least, most = sum+n, min(least, n), max(most, n)
			}
			require.Equal(t, reports, sum)
			require.LessOrEqual(t, most-least, 1)
		}
	}
	require.Equal(t, []int{0, 1, 1}, []int{countcsv.Spread(2, 3, 0), countcsv.Spread(2, 3, 1), countcsv.Spread(2, 3, 2)})
}

func TestStepsAreWholeMinutes(t *testing.T) {
	t.Parallel()
	minutes, err := countcsv.StepMinutes(15 * time.Minute)
	require.NoError(t, err)
	require.Equal(t, 15, minutes)
	for _, step := range []time.Duration{0, -time.Minute, 30 * time.Second, 90 * time.Second, 25 * time.Hour} {
		_, err := countcsv.StepMinutes(step)
		require.ErrorIs(t, err, outage.ErrInvalid)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(header + "2017-11-03T08:00:00Z,whatsapp,NL,17\n2017-11-03T08:01:00Z,whatsapp,NL,3"))
	f.Add([]byte(header + "\"\",\"\",,\n"))
	f.Add([]byte("\uFEFF" + header))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := readAll(bytes.NewReader(text))
		if err != nil {
			require.ErrorIs(t, err, outage.ErrInvalid)
			return
		}
		// What was read can be written and read again.
		var buf bytes.Buffer
		w := countcsv.NewWriter(&buf)
		for _, r := range rows {
			require.NoError(t, w.Write(r))
		}
		require.NoError(t, w.Flush())
		again, err := readAll(&buf)
		require.NoError(t, err)
		require.Equal(t, rows, again)
	})
}

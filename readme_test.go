package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

func TestTheReadmeNamesEverySettingWithItsDefault(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var table []string
	for line := range strings.Lines(string(readme)) {
		if strings.HasPrefix(line, "| `--") {
			table = append(table, line)
		}
	}

	cfg := defaultConfig()
	fs := pflag.NewFlagSet("outcry", pflag.ContinueOnError)
	cfg.bind(fs)
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Name == "config" {
			return // described above the table
		}
		row := strings.Join(table, "")
		for _, line := range table {
			if strings.Contains(line, "`--"+f.Name+"`") {
				row = line
			}
		}
		require.Contains(t, row, "`--"+f.Name+"`")
		if value := strings.Trim(f.DefValue, "[]"); value != "" {
			require.Contains(t, row, value, f.Name)
		}
	})

	for _, named := range regexp.MustCompile("`--([a-z-]+)`").FindAllStringSubmatch(strings.Join(table, ""), -1) {
		require.NotNil(t, fs.Lookup(named[1]), "the README names --%s, which there is not", named[1])
	}
}

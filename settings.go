package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
	"github.com/spf13/pflag"
)

const envPrefix = "OUTCRY_"

func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// settle fills in what no flag said: from the environment, then from the file,
// and then validates the whole. Unknown keys are errors.
func (c *config) settle(fs *pflag.FlagSet, environ []string) error {
	given, err := c.gather(fs, environ)
	if err != nil {
		return err
	}
	return c.validate(func(name string) bool { return given[name] })
}

// settleArchive is settle for the commands that use the archive alone, which
// may name a database without Redis.
func (c *config) settleArchive(fs *pflag.FlagSet, environ []string) error {
	given, err := c.gather(fs, environ)
	if err != nil {
		return err
	}
	switch {
	case c.DatabaseURL == "" && c.RedisURL != "":
		return fmt.Errorf("%w: --redis-url without --database-url: the archive beside a Redis is in PostgreSQL", errUsage)
	case c.DatabaseURL != "" && given["data-dir"]:
		return fmt.Errorf("%w: --data-dir and --database-url are two archives; give one of them", errUsage)
	}
	return validDatabaseURL(c.DatabaseURL)
}

// gather fills in what no flag said, and returns the names of what was given.
func (c *config) gather(fs *pflag.FlagSet, environ []string) (map[string]bool, error) {
	env, err := environment(fs, environ)
	if err != nil {
		return nil, err
	}
	given := map[string]bool{}
	fs.Visit(func(f *pflag.Flag) { given[f.Name] = true })
	for name, value := range env {
		if given[name] {
			continue
		}
		if err := fs.Set(name, value); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", errUsage, envName(name), withoutSecret(name, err))
		}
		given[name] = true
	}
	if c.File != "" {
		if err := c.readFile(fs, given); err != nil {
			return nil, err
		}
	}
	return given, nil
}

// withoutSecret drops an error's text where it could quote a credential.
func withoutSecret(name string, err error) error {
	if secretFlag(name) {
		return errors.New("the value cannot be used")
	}
	return err
}

// environment returns the settings among the process's variables, by flag name.
func environment(fs *pflag.FlagSet, environ []string) (map[string]string, error) {
	byEnv := map[string]string{}
	fs.VisitAll(func(f *pflag.Flag) { byEnv[envName(f.Name)] = f.Name })
	found := map[string]string{}
	for _, kv := range environ {
		key, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(key, envPrefix) {
			continue
		}
		name, ok := byEnv[key]
		if !ok || name == "help" {
			return nil, fmt.Errorf("%w: the environment has %s, which is no setting of Outcry; see outcry --help", errUsage, key)
		}
		found[name] = value
	}
	return found, nil
}

func (c *config) readFile(fs *pflag.FlagSet, given map[string]bool) error {
	text, err := readRegular(c.File)
	if err != nil {
		return fmt.Errorf("%w: --config cannot be read: %w", errUsage, err)
	}
	settings, err := parseSettings(text)
	if err != nil {
		return fmt.Errorf("%w: %s is not a YAML map of settings: %s", errUsage, c.File, yaml.FormatError(err, false, false))
	}
	for _, item := range settings {
		name, ok := item.Key.(string)
		if !ok || fs.Lookup(name) == nil || name == "help" || name == "config" {
			return fmt.Errorf("%w: %s: unknown key %v; the keys are the names of the flags, see outcry --help", errUsage, c.File, item.Key)
		}
		if given[name] {
			continue
		}
		value, err := scalar(item.Value)
		if err != nil {
			return fmt.Errorf("%w: %s: %s %w", errUsage, c.File, name, err)
		}
		if err := fs.Set(name, value); err != nil {
			return fmt.Errorf("%w: %s: %s: %w", errUsage, c.File, name, withoutSecret(name, err))
		}
		given[name] = true
	}
	return nil
}

const (
	// largestFile is how many bytes a file of settings may have: far more than
	// all settings need, and so few that no text takes the parser a second.
	largestFile = 1 << 16
	// deepestNesting is how many lists and maps may lie in one another. Settings
	// need two; the parser's time is quadratic in it.
	deepestNesting = 20
)

// readRegular reads a file, but not a pipe or a device, which may have no end.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path) // opening a pipe would wait for its writer
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case info.Size() > largestFile:
		return nil, fmt.Errorf("%s is larger than %d bytes", path, largestFile)
	}
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, largestFile)) // whatever became of it meanwhile
	return text, errors.Join(err, file.Close())
}

// parseSettings reads one YAML document, with or without a byte order mark. A
// file of nothing has no settings.
func parseSettings(text []byte) (yaml.MapSlice, error) {
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	if tooDeep(string(text)) {
		return nil, errors.New("its lists and maps are nested too deeply")
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var settings, another yaml.MapSlice
	if err := decoder.Decode(&settings); err != nil && !errors.Is(err, io.EOF) {
		return nil, err //nolint:wrapcheck // the caller names the file
	}
	if err := decoder.Decode(&another); err == nil {
		return nil, errors.New("it has a second document")
	} else if !errors.Is(err, io.EOF) {
		return nil, err //nolint:wrapcheck // the caller names the file
	}
	return settings, nil
}

// tooDeep says whether lists and maps are nested more deeply than any settings
// are: by brackets, or by dashes in one line. By indentation alone, a file of
// largestFile cannot be nested deeply enough to matter.
func tooDeep(text string) bool {
	brackets, dashes, line := 0, 0, 0
	for _, t := range lexer.Tokenize(text) {
		if t.Position.Line != line {
			dashes, line = 0, t.Position.Line
		}
		switch t.Type { //nolint:exhaustive // the others do not nest
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType:
			dashes++
		}
		if max(brackets, dashes) > deepestNesting {
			return true
		}
	}
	return false
}

// scalar writes a YAML value as a flag would be typed; the items of a list are
// joined by commas.
func scalar(value any) (string, error) {
	switch value := value.(type) {
	case nil:
		return "", errors.New("has no value")
	case []any:
		parts := make([]string, len(value))
		for i, v := range value {
			if _, nested := v.([]any); nested {
				return "", errors.New("is a list of lists")
			}
			part, err := scalar(v)
			if err != nil {
				return "", err
			}
			parts[i] = part
		}
		return strings.Join(parts, ","), nil
	case map[string]any, yaml.MapSlice:
		return "", errors.New("has keys of its own, and should have a value")
	default:
		return fmt.Sprint(value), nil
	}
}

// printSettings writes the effective settings as a file that --config reads,
// with credentials masked. Settings that have no say in this set-up are left out.
func (c *config) printSettings(w io.Writer, fs *pflag.FlagSet) error {
	hidden := []string{"help", "config"}
	if c.embedded() {
		hidden = append(hidden, "max-log-bytes")
	} else {
		hidden = append(hidden, "data-dir")
	}
	var names []string
	fs.VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(hidden, f.Name) {
			names = append(names, f.Name)
		}
	})
	slices.Sort(names)
	for _, name := range names {
		value := fs.Lookup(name).Value.String()
		if list, ok := fs.Lookup(name).Value.(pflag.SliceValue); ok {
			value = strings.Join(list.GetSlice(), ",")
		}
		switch {
		case socialSecret(name) && value != "":
			value = "xxxxx" // a token is secret as a whole
		case secretFlag(name):
			value = mask(value)
		}
		line, err := yaml.Marshal(map[string]string{name: value})
		if err != nil {
			return fmt.Errorf("print settings: %w", err)
		}
		if _, err := w.Write(line); err != nil {
			return fmt.Errorf("print settings: %w", err)
		}
	}
	return nil
}

// mask hides the password of a URL, and the values of its query, where drivers
// accept passwords too.
func mask(value string) string {
	if value == "" {
		return ""
	}
	u, err := parseURL(value)
	if err != nil {
		return "xxxxx"
	}
	query := u.Query()
	for key := range query {
		if strings.Contains(strings.ToLower(key), "pass") {
			query.Set(key, "xxxxx")
		}
	}
	u.RawQuery = query.Encode()
	return u.Redacted()
}

package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// file is a catalog as it is written.
type file struct {
	Extends    string     `yaml:"extends"`
	Problems   []problem  `yaml:"problems"`
	Categories []category `yaml:"categories"`
	Services   []service  `yaml:"services"`
}

// The entries of a file remember where they stand, so that errors can say so.
type (
	problem struct {
		Problem `yaml:",inline"`
		line    int
	}
	category struct {
		Slug     string   `yaml:"slug"`
		Problems []string `yaml:"problems"`
		line     int
	}
	service struct {
		Service `yaml:",inline"`
		line    int
	}
)

// UnmarshalYAML implements [yaml.NodeUnmarshaler].
func (p *problem) UnmarshalYAML(node ast.Node) error {
	p.line = lineOf(node)
	return yaml.NodeToValue(node, &p.Problem, yaml.Strict()) //nolint:wrapcheck // already names the line
}

// UnmarshalYAML implements [yaml.NodeUnmarshaler].
func (c *category) UnmarshalYAML(node ast.Node) error {
	type plain category
	defer func() { c.line = lineOf(node) }()
	return yaml.NodeToValue(node, (*plain)(c), yaml.Strict()) //nolint:wrapcheck // already names the line
}

// UnmarshalYAML implements [yaml.NodeUnmarshaler].
func (s *service) UnmarshalYAML(node ast.Node) error {
	s.line = lineOf(node)
	return yaml.NodeToValue(node, &s.Service, yaml.Strict()) //nolint:wrapcheck // already names the line
}

func lineOf(node ast.Node) int {
	if mapping, ok := node.(*ast.MappingNode); ok && len(mapping.Values) > 0 {
		node = mapping.Values[0].Key // a mapping's own token is its first colon
	}
	return node.GetToken().Position.Line
}

// parse reads a file, joins it with the one it extends, and checks the whole.
func parse(raw []byte) (*file, error) {
	f, err := decode(raw)
	if err != nil {
		return nil, err
	}
	found, err := f.complete()
	if err != nil {
		return nil, err
	}
	return f, refusal(found)
}

// complete joins a file with the one it extends, and checks the whole.
func (f *file) complete() ([]Finding, error) {
	switch f.Extends {
	case "":
		return f.check(), nil
	case "default":
		if found := f.checkUnique(); len(found) > 0 {
			return found, nil // overriding would hide it
		}
		base, err := decode(embedded)
		if err != nil {
			return nil, fmt.Errorf("the default: %w", err)
		}
		f.extend(base)
		return f.check(), nil
	default:
		return nil, fmt.Errorf("extends is %q; it can only be default", clip(f.Extends))
	}
}

func decode(raw []byte) (*file, error) {
	f := new(file)
	decoder := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict())
	if err := decoder.Decode(f); err != nil && !errors.Is(err, io.EOF) {
		return nil, err //nolint:wrapcheck // names the line
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("a second YAML document (---): one is expected")
	}
	return f, nil
}

// extend puts what base has and f has not in front of what f has.
func (f *file) extend(base *file) {
	f.Problems = joined(base.Problems, f.Problems, func(p problem) string { return p.Slug })
	f.Categories = joined(base.Categories, f.Categories, func(c category) string { return c.Slug })
	f.Services = joined(base.Services, f.Services, func(s service) string { return s.Slug })
}

func joined[T any](base, own []T, slug func(T) string) []T {
	overridden := make(map[string]bool, len(own))
	for _, entry := range own {
		overridden[slug(entry)] = true
	}
	all := make([]T, 0, len(base)+len(own))
	for _, entry := range base {
		if !overridden[slug(entry)] {
			all = append(all, entry)
		}
	}
	return append(all, own...)
}

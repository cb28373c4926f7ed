package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// composed is what the tests look at of docker-compose.yml.
type composed struct {
	Services map[string]composedService `yaml:"services"`
	Volumes  map[string]any             `yaml:"volumes"`
	Configs  map[string]struct {
		Content string `yaml:"content"`
	} `yaml:"configs"`
}

type composedService struct {
	Build       string            `yaml:"build"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	DependsOn   map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
	Volumes     []string `yaml:"volumes"`
	Healthcheck struct {
		Test []string `yaml:"test"`
	} `yaml:"healthcheck"`
}

func compose(t *testing.T) composed {
	t.Helper()
	text, err := os.ReadFile("docker-compose.yml")
	require.NoError(t, err)
	var c composed
	require.NoError(t, yaml.Unmarshal(text, &c))
	return c
}

// substituted replaces ${NAME:-default} as Compose does without an .env file.
func substituted(text string) string {
	return regexp.MustCompile(`\$\{[A-Z_]+:-([^}]*)\}`).ReplaceAllString(text, "$1")
}

// Outcry itself must accept the settings that each service starts with.
func TestComposeSettingsAreAccepted(t *testing.T) {
	t.Parallel()
	c := compose(t)
	image := dockerEnvironment(t)
	var roles []string
	for name, service := range c.Services {
		if service.Build == "" {
			continue
		}
		environ := slices.Clone(image)
		for key, value := range service.Environment {
			environ = append(environ, key+"="+substituted(value))
		}
		cfg := defaultConfig()
		flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
		cfg.bind(flags)
		require.NoError(t, flags.Parse(service.Command), name)
		require.Empty(t, flags.Args(), name)
		require.NoError(t, cfg.settle(flags, environ), name)
		require.False(t, cfg.embedded(), name)
		require.Equal(t, []string{name}, cfg.Roles, "a service is named for its role")
		roles = append(roles, name)
		if name != roleDetector {
			require.Equal(t, 1, cfg.TrustedProxies, "%s stands behind the proxy", name)
		}
	}
	require.ElementsMatch(t, []string{roleIngest, roleDetector, roleAPI}, roles)
}

func TestComposeHangsTogether(t *testing.T) {
	t.Parallel()
	c := compose(t)
	for name, service := range c.Services {
		for on, how := range service.DependsOn {
			require.Contains(t, c.Services, on, name)
			require.Equal(t, "service_healthy", how.Condition, name)
			healthy := c.Services[on].Build != "" || len(c.Services[on].Healthcheck.Test) > 0 // the image has a check of its own
			require.True(t, healthy, "%s waits until %s is healthy, which is never checked", name, on)
		}
		for _, volume := range service.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			require.Contains(t, slices.Collect(maps.Keys(c.Volumes)), source, name)
		}
	}

	redis := strings.Join(c.Services["redis"].Command, " ")
	for _, setting := range []string{"--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction"} {
		require.Contains(t, redis, setting, "a report that was acknowledged must survive a crash")
	}

	caddyfile := c.Configs["caddyfile"].Content
	for _, match := range regexp.MustCompile(`reverse_proxy (\w+):8080`).FindAllStringSubmatch(caddyfile, -1) {
		require.NotEmpty(t, c.Services[match[1]].Build, "the proxy passes requests to %s", match[1])
	}
	require.Contains(t, caddyfile, "path /report /v1/reports")
	require.Regexp(t, `handle /metrics \{\s+respond 404\s+\}`, caddyfile, "a bare respond would come after the handle that takes everything")
}

// dockerEnvironment returns the image's own environment, from the Dockerfile.
func dockerEnvironment(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	var environ []string
	for _, match := range regexp.MustCompile(`(?m)^ENV (\S+=\S+)$`).FindAllStringSubmatch(string(text), -1) {
		environ = append(environ, match[1])
	}
	return environ
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	dockerfile := string(text)

	gomod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(gomod))
	require.NotNil(t, version)
	require.Contains(t, dockerfile, "FROM golang:"+version[1], "the Go version of go.mod")

	require.Contains(t, dockerfile, "CGO_ENABLED=0", "the last stage has no C library")
	require.Regexp(t, `(?m)^USER nonroot$`, dockerfile)
	require.Contains(t, dockerfile, "-X main.version=", "the linker sets what outcry version prints")
	require.Contains(t, dockerEnvironment(t), "OUTCRY_LISTEN=0.0.0.0:8080", "other containers can reach it")

	command := regexp.MustCompile(`(?m)^HEALTHCHECK .* CMD \["/usr/bin/outcry", "(\w+)"\]$`).FindStringSubmatch(dockerfile)
	require.NotNil(t, command)
	found, _, err := newCommand().Find([]string{command[1]})
	require.NoError(t, err)
	require.Equal(t, command[1], found.Name(), "the health check is a command of the binary")
}

// The image is built of what .dockerignore lets through.
func TestDockerignoreKeepsThePackages(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(".dockerignore")
	require.NoError(t, err)
	patterns := strings.Split(string(text), "\n")
	for _, l := range listPackages(t) {
		if l.ImportPath != module {
			continue
		}
		for _, path := range l.Deps {
			if inside, ok := strings.CutPrefix(path, module+"/"); ok {
				folder, _, _ := strings.Cut(inside, "/")
				require.Contains(t, patterns, "!"+folder, "%s is part of the binary", path)
			}
		}
	}
}

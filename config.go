package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/pflag"

	"github.com/outcryhq/outcry/api"
	"github.com/outcryhq/outcry/detector/statusfeed"
	"github.com/outcryhq/outcry/ingest/limit"
	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/live/redis"
	"github.com/outcryhq/outcry/pkg/place"
)

// The roles that a process can play.
const (
	roleIngest   = "ingest"
	roleDetector = "detector"
	roleAPI      = "api"
	roleAll      = "all"
)

const (
	day            = 24 * time.Hour
	minKeepReports = 3 * day
)

// config is what the flags, the environment and the file say together.
type config struct {
	File           string
	Roles          []string
	Listen         string
	BaseURL        string
	DataDir        string
	RedisURL       string
	DatabaseURL    string
	TrustedProxies int
	Catalog        string
	CountryDB      string
	NetworkDB      string
	StatusFeeds    string
	KeepReports    days
	MaxLogBytes    byteSize
	MaxStreams     int
	WaitForStores  time.Duration
	LogFormat      string
	LogLevel       string

	LimitAddress      rateLimit
	LimitNetwork      rateLimit
	LimitInstallation rateLimit
	LimitReads        optionalRate

	Social socialConfig
}

// defaultConfig is what `outcry` runs with when nothing is said.
func defaultConfig() config {
	rates := limit.DefaultRates()
	return config{
		Roles:             []string{roleAll},
		Listen:            "127.0.0.1:8080",
		DataDir:           "data",
		KeepReports:       days(30 * day),
		MaxLogBytes:       1 << 30,
		MaxStreams:        api.DefaultMaxStreams,
		WaitForStores:     30 * time.Second,
		LogFormat:         "text",
		LogLevel:          "info",
		LimitAddress:      rateLimit(rates.Address),
		LimitNetwork:      rateLimit(rates.Network),
		LimitInstallation: rateLimit(rates.Installation),
		LimitReads:        optionalRate{PerSecond: 20, Burst: 100},
	}
}

// secretFlags hold credentials: check-config masks them.
func secretFlag(name string) bool {
	return name == "redis-url" || name == "database-url" || socialSecret(name)
}

// bind declares the settings as flags. Their names, in capitals with
// underscores and the prefix OUTCRY_, are the environment's; as they stand,
// they are the file's keys.
func (c *config) bind(fs *pflag.FlagSet) {
	fs.StringVar(&c.File, "config", c.File, "read settings from this YAML `file`; its keys are these flags' names")
	fs.StringSliceVar(&c.Roles, "roles", c.Roles, "what this process does: all, or some of ingest, detector, api (needs --redis-url)")
	fs.StringVar(&c.Listen, "listen", c.Listen, "`address` to serve HTTP on")
	fs.StringVar(&c.BaseURL, "base-url", c.BaseURL, "public `URL` of this installation, for links and cookies (default: whatever a request says)")
	fs.StringVar(&c.DataDir, "data-dir", c.DataDir, "`folder` of the embedded stores")
	fs.StringVar(&c.RedisURL, "redis-url", c.RedisURL, "keep the live state in this Redis 7 or newer, such as redis://user:password@host:6379/0; several host:port, separated by commas, are a Redis Cluster")
	fs.StringVar(&c.DatabaseURL, "database-url", c.DatabaseURL, "keep the archive in this PostgreSQL, such as postgres://user:password@host/outcry")
	fs.IntVar(&c.TrustedProxies, "trusted-proxies", c.TrustedProxies, "`number` of reverse proxies in front; the client is that many from the right of X-Forwarded-For")
	fs.StringVar(&c.Catalog, "catalog", c.Catalog, "YAML `file` of services that replaces the built-in one, or extends it (extends: default)")
	fs.StringVar(&c.CountryDB, "country-db", c.CountryDB, "MMDB `file` from address to country, instead of the built-in one")
	fs.StringVar(&c.NetworkDB, "network-db", c.NetworkDB, "MMDB `file` from address to AS number, instead of the built-in one")
	fs.StringVar(&c.StatusFeeds, "status-feeds", c.StatusFeeds, "`file` of status feeds that the role detector follows: on each line a service and the https address of its RSS, Atom or JSON feed")
	fs.Var(&c.KeepReports, "keep-reports", "how long single reports are kept, at least 3d; counts and outages stay")
	fs.Var(&c.MaxLogBytes, "max-log-bytes", "how much may wait in Redis while the database is away, such as 512MiB")
	fs.IntVar(&c.MaxStreams, "max-streams", c.MaxStreams, "how many may follow /v1/stream at once; one address may have a twentieth of them, and 100 in any case")
	fs.DurationVar(&c.WaitForStores, "wait-for-stores", c.WaitForStores, "how long to wait at the start for a Redis or PostgreSQL that is not there yet")
	fs.Var(&c.LimitAddress, "limit-address", "reports a second from one address, and the burst")
	fs.Var(&c.LimitNetwork, "limit-network", "reports a second from one network about one service, and the burst")
	fs.Var(&c.LimitInstallation, "limit-installation", "reports a second in all, and the burst")
	fs.Var(&c.LimitReads, "limit-reads", "calls of the API a second that read, from one address, and the burst; 0 for no limit")
	c.Social.bind(fs)
	fs.StringVar(&c.LogFormat, "log-format", c.LogFormat, "text or json")
	fs.StringVar(&c.LogLevel, "log-level", c.LogLevel, "debug, info, warn or error")
}

// embedded says that the stores live in this process and its data folder.
func (c *config) embedded() bool { return c.RedisURL == "" }

// rates are the limits of the reports that are taken.
func (c *config) rates() limit.Rates {
	return limit.Rates{
		Address: limit.Rate(c.LimitAddress), Network: limit.Rate(c.LimitNetwork), Installation: limit.Rate(c.LimitInstallation),
	}
}

// has says whether this process plays the role.
func (c *config) has(role string) bool {
	return slices.Contains(c.Roles, roleAll) || slices.Contains(c.Roles, role)
}

// validate refuses what is wrong or contradicts itself. changed says which
// settings were given, by flag, environment or file.
func (c *config) validate(changed func(name string) bool) error {
	return errors.Join(
		c.validateRoles(),
		c.validateStores(changed),
		c.validateHTTP(),
		c.validateLimits(),
		c.Social.validate(),
		oneOf("log-format", c.LogFormat, "text", "json"),
		oneOf("log-level", c.LogLevel, "debug", "info", "warn", "error"),
		readable("catalog", c.Catalog),
		readable("country-db", c.CountryDB),
		readable("network-db", c.NetworkDB),
		readable("status-feeds", c.StatusFeeds),
	)
}

func (c *config) validateRoles() error {
	if len(c.Roles) == 0 {
		return fmt.Errorf("%w: --roles is empty; give all, or some of ingest, detector, api", errUsage)
	}
	for _, role := range c.Roles {
		if err := oneOf("roles", role, roleAll, roleIngest, roleDetector, roleAPI); err != nil {
			return err
		}
	}
	if len(c.Roles) > 1 && slices.Contains(c.Roles, roleAll) {
		return fmt.Errorf("%w: --roles all already means every role; leave the others out", errUsage)
	}
	return nil
}

func (c *config) validateStores(changed func(string) bool) error {
	var errs []error
	if (c.RedisURL == "") != (c.DatabaseURL == "") {
		errs = append(errs, fmt.Errorf("%w: --redis-url and --database-url go together: give both, or neither for the embedded stores", errUsage))
	}
	if c.embedded() && !slices.Contains(c.Roles, roleAll) &&
		(!c.has(roleIngest) || !c.has(roleDetector) || !c.has(roleAPI)) {
		errs = append(errs, fmt.Errorf("%w: --roles %s needs --redis-url and --database-url: the embedded stores serve one process that plays every role", errUsage, strings.Join(c.Roles, ",")))
	}
	if !c.embedded() && changed("data-dir") {
		errs = append(errs, fmt.Errorf("%w: --data-dir is for the embedded stores; with --redis-url nothing is kept there", errUsage))
	}
	if c.MaxStreams < 1 {
		errs = append(errs, fmt.Errorf("%w: --max-streams: expected at least 1, not %d", errUsage, c.MaxStreams))
	}
	if c.embedded() && changed("max-log-bytes") {
		errs = append(errs, fmt.Errorf("%w: --max-log-bytes is for --redis-url; the embedded stores have no log that waits", errUsage))
	}
	if c.embedded() && c.DataDir == "" {
		errs = append(errs, fmt.Errorf("%w: --data-dir is empty", errUsage))
	}
	errs = append(errs, validRedisURL(c.RedisURL), validDatabaseURL(c.DatabaseURL))
	if time.Duration(c.KeepReports) < minKeepReports {
		errs = append(errs, fmt.Errorf("%w: --keep-reports %s is too short: the least is 3d", errUsage, c.KeepReports.String()))
	}
	return errors.Join(errs...)
}

func (c *config) validateHTTP() error {
	var errs []error
	if host, port, err := net.SplitHostPort(c.Listen); err != nil {
		errs = append(errs, fmt.Errorf("%w: --listen %q is not host:port, such as 127.0.0.1:8080", errUsage, c.Listen))
	} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		errs = append(errs, fmt.Errorf("%w: --listen %q has no port from 0 to 65535", errUsage, c.Listen))
	} else if _, err := netip.ParseAddr(host); err != nil && host != "" && host != "localhost" {
		errs = append(errs, fmt.Errorf("%w: --listen %q has no IP address, localhost or empty host before the port", errUsage, c.Listen))
	}
	errs = append(errs, validBaseURL(c.BaseURL))
	if c.TrustedProxies < 0 || c.TrustedProxies > 16 {
		errs = append(errs, fmt.Errorf("%w: --trusted-proxies %d is not from 0 to 16", errUsage, c.TrustedProxies))
	}
	return errors.Join(errs...)
}

func (c *config) validateLimits() error {
	if c.WaitForStores < 0 {
		return fmt.Errorf("%w: --wait-for-stores %s is negative", errUsage, c.WaitForStores)
	}
	for _, l := range []struct {
		flag string
		rate *rateLimit
	}{{"limit-address", &c.LimitAddress}, {"limit-network", &c.LimitNetwork}, {"limit-installation", &c.LimitInstallation}} {
		if err := limit.Rate(*l.rate).Validate(); err != nil {
			return fmt.Errorf("%w: --%s: %w", errUsage, l.flag, err)
		}
	}
	if c.LimitReads != (optionalRate{}) {
		if err := limit.Rate(c.LimitReads).Validate(); err != nil {
			return fmt.Errorf("%w: --limit-reads: %w", errUsage, err)
		}
	}
	if c.LimitAddress.PerSecond > c.LimitInstallation.PerSecond {
		return fmt.Errorf("%w: --limit-address %s is over --limit-installation %s", errUsage, c.LimitAddress.String(), c.LimitInstallation.String())
	}
	return nil
}

func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%w: --%s %q is not one of %s", errUsage, flag, value, strings.Join(allowed, ", "))
}

func urlWithScheme(flag, value string, schemes ...string) error {
	if value == "" {
		return nil
	}
	// The value is not shown: it may hold a password.
	u, err := parseURL(value)
	if err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
		return fmt.Errorf("%w: --%s is not a URL like %s://host", errUsage, flag, schemes[0])
	}
	return nil
}

var errNotOneURL = errors.New("not one URL")

// parseURL reads one URL without a fragment. Several in a row would be one to
// url.Parse too, with the passwords of the others in its path or query, where
// nobody masks them. The error does not hold the value.
func parseURL(value string) (*url.URL, error) {
	u, err := url.Parse(value)
	_, rest, _ := strings.Cut(value, "://")
	if err != nil || strings.Contains(rest, "://") || strings.Contains(rest, "#") || strings.ContainsAny(u.EscapedPath(), ",@") {
		return nil, errNotOneURL
	}
	return u, nil
}

func validRedisURL(value string) error {
	if err := urlWithScheme("redis-url", value, "redis", "rediss"); err != nil || value == "" {
		return err
	}
	if err := redis.CheckURL(value); err != nil {
		return fmt.Errorf("%w: --redis-url: %w", errUsage, err)
	}
	return nil
}

func validDatabaseURL(value string) error {
	if err := urlWithScheme("database-url", value, "postgres", "postgresql"); err != nil || value == "" {
		return err
	}
	_, err := pgx.ParseConfig(value)
	if missing, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%w: --database-url: %w", errUsage, missing)
	}
	if err != nil { // its text quotes the URL
		return fmt.Errorf("%w: --database-url has a part or parameter that is not understood", errUsage)
	}
	return nil
}

func validBaseURL(value string) error {
	if strings.ContainsAny(value, "?#@") {
		return fmt.Errorf("%w: --base-url has a user, a query or a fragment, which mean nothing there", errUsage)
	}
	return urlWithScheme("base-url", value, "http", "https")
}

// validateFiles reads the files that the settings name as the roles would, so
// that a mistake in one is told before a store is opened.
func (c *config) validateFiles() error {
	var errs []error
	if c.Catalog != "" {
		_, err := c.loadCatalog()
		errs = append(errs, err)
	}
	if c.StatusFeeds != "" {
		if services, err := c.loadCatalog(); err == nil { // which has told its own mistakes
			_, err := c.loadStatusFeeds(services)
			errs = append(errs, err)
		}
	}
	if c.CountryDB != "" || c.NetworkDB != "" {
		_, err := c.openPlaces()
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (c *config) loadCatalog() (*catalog.Catalog, error) {
	if c.Catalog == "" {
		return catalog.Default()
	}
	loaded, err := catalog.LoadFile(c.Catalog)
	if err != nil {
		return nil, fmt.Errorf("%w: --catalog: %w", errUsage, err)
	}
	return loaded, nil
}

func (c *config) loadStatusFeeds(services *catalog.Catalog) ([]statusfeed.Feed, error) {
	feeds, err := statusfeed.ReadFile(c.StatusFeeds, func(slug string) bool {
		_, known := services.Service(slug)
		return known
	})
	if err != nil {
		return nil, fmt.Errorf("%w: --status-feeds: %w", errUsage, err)
	}
	return feeds, nil
}

func (c *config) openPlaces() (*place.Locator, error) {
	places, err := place.Open(place.Config{CountryPath: c.CountryDB, NetworkPath: c.NetworkDB})
	if err != nil {
		return nil, fmt.Errorf("%w: --country-db or --network-db: %w", errUsage, err)
	}
	return places, nil
}

func readable(flag, path string) error {
	if path == "" {
		return nil
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return fmt.Errorf("%w: --%s cannot be read: %w", errUsage, flag, err)
	}
	return f.Close()
}

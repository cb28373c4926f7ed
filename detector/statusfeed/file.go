package statusfeed

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/outcryhq/outcry/pkg/outage"
)

// Feed is where a service says how it is.
type Feed struct {
	Service string // slug
	URL     string
}

// The largest file of feeds, and the longest address.
const (
	largestFile = 1 << 20
	longestURL  = 2000
)

// ReadFile reads feeds from a file: on each line the slug of a service and the
// address of its feed, with white space between. Empty lines and those that
// begin with # are passed over. known says whether there is such a service. What
// is wrong is outage.ErrInvalid, with the number of the line.
func ReadFile(path string, known func(slug string) bool) (_ []Feed, err error) {
	info, err := os.Stat(path) // opening a pipe would wait for its writer
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", outage.ErrInvalid, err)
	case !info.Mode().IsRegular() || info.Size() > largestFile:
		return nil, fmt.Errorf("%w: %s is not a regular file of at most %d bytes", outage.ErrInvalid, path, largestFile)
	}
	file, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("%w: %w", outage.ErrInvalid, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	text, err := io.ReadAll(io.LimitReader(file, largestFile))
	if err != nil {
		return nil, fmt.Errorf("read status feeds: %w", err)
	}
	feeds, err := parse(text, known)
	if err != nil {
		return nil, fmt.Errorf("%s, %w", path, err)
	}
	return feeds, nil
}

func parse(text []byte, known func(slug string) bool) ([]Feed, error) {
	var feeds []Feed
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\uFEFF"))))
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		feed, err := parseLine(line)
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", number, err)
		case !known(feed.Service):
			return nil, fmt.Errorf("line %d: %w: the catalog has no service %q", number, outage.ErrInvalid, feed.Service)
		case slices.Contains(feeds, feed):
			return nil, fmt.Errorf("line %d: %w: this feed of %s is there twice", number, outage.ErrInvalid, feed.Service)
		}
		feeds = append(feeds, feed)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", outage.ErrInvalid, err)
	}
	return feeds, nil
}

func parseLine(line string) (Feed, error) {
	fields := strings.Fields(line)
	if len(fields) != 2 {
		return Feed{}, fmt.Errorf("%w: expected a service and the address of its feed, such as: github https://www.githubstatus.com/history.atom", outage.ErrInvalid)
	}
	return Feed{Service: fields[0], URL: fields[1]}, checkURL(fields[1])
}

func checkURL(address string) error {
	parsed, err := url.Parse(address)
	if err != nil || len(address) > longestURL || parsed.Hostname() == "" || parsed.User != nil ||
		parsed.Scheme != "https" && (parsed.Scheme != "http" || !loopback(parsed.Hostname())) {
		// The address is not shown: it may hold a token.
		return fmt.Errorf("%w: the address of a feed begins with https:// and has no password (http:// on this machine only)", outage.ErrInvalid)
	}
	return nil
}

// loopback says whether a host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

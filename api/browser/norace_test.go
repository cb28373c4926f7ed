//go:build !race

package browser_test

// buildFlags build the program as this test was built, from the same cache.
var buildFlags []string //nolint:gochecknoglobals // a constant

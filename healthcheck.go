package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
)

const healthcheckTimeout = 3 * time.Second

func healthcheckCommand() *cobra.Command {
	cfg := defaultConfig()
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the process on --listen whether it is ready",
		Long: `Ask the Outcry that listens on --listen whether it is ready (GET /readyz). The
exit status is 0 if it is and 1 if not. It is meant for containers without a shell.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cfg.settle(cmd.Flags(), os.Environ()); err != nil {
				return err
			}
			return healthcheck(cmd.Context(), cfg.Listen)
		},
	}
	cfg.bind(cmd.Flags())
	return cmd
}

func healthcheck(ctx context.Context, listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("%w: --listen: %w", errUsage, err)
	}
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	url := "http://" + net.JoinHostPort(host, port) + "/readyz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	if err := resp.Body.Close(); err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("healthcheck: not ready: %s", resp.Status)
	}
	return nil
}

package interop

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"
	_ "unsafe" // for go:linkname

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/grpclog"
	"google.golang.org/grpc/health"
	healthgrpc "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/orca"
)

// patience bounds one case.
const patience = 30 * time.Second

// The cases end the process when they fail, by the log of gRPC.
func init() { grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, os.Stderr)) }

// TestGRPC runs gRPC's interoperability tests, with its own client and server,
// over TLS and without it on both sides.
func TestGRPC(t *testing.T) {
	for _, secureBack := range []bool{false, true} {
		backend := startServer(t, secureBack)
		pool := "protocol: h2\nhealth_check: {type: grpc, interval: 100ms, rise: 1}\n"
		if secureBack {
			pool += fmt.Sprintf("tls: {ca_file: %s, server_name: %s}\n", certFile, serverName)
		}
		f := start(t, backend, pool)
		t.Run("h2c to "+transport(secureBack), func(t *testing.T) {
			runCases(t, f.plain, insecure.NewCredentials())
		})
		t.Run("TLS to "+transport(secureBack), func(t *testing.T) {
			runCases(t, f.secure, credentials.NewTLS(&tls.Config{RootCAs: roots, ServerName: serverName}))
		})
	}
}

func transport(secure bool) string {
	if secure {
		return "TLS"
	}
	return "h2c"
}

// allowOften is how gRPC's own server comes to report every second, as orca_oob wants.
//
//go:linkname allowOften google.golang.org/grpc/internal.ORCAAllowAnyMinReportingInterval
var allowOften any

// startServer runs the server of the interoperability tests until the test ends.
func startServer(t *testing.T, secure bool) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	metrics := orca.NewServerMetricsRecorder()
	options := []grpc.ServerOption{orca.CallMetricsServerOption(nil)}
	if secure {
		options = append(options, grpc.Creds(credentials.NewServerTLSFromCert(&keyPair)))
	}
	s := grpc.NewServer(options...)
	often := orca.ServiceOptions{MinReportingInterval: time.Second, ServerMetricsProvider: metrics}
	allowOften.(func(*orca.ServiceOptions))(&often)
	if err := orca.Register(s, often); err != nil {
		t.Fatal(err)
	}
	testgrpc.RegisterTestServiceServer(s, interop.NewTestServer(interop.NewTestServerOptions{MetricsRecorder: metrics}))
	healthgrpc.RegisterHealthServer(s, health.NewServer())
	go s.Serve(ln)
	t.Cleanup(s.Stop)
	return ln.Addr().String()
}

// aCase is one of gRPC's interoperability tests.
type aCase struct {
	name string
	run  func(ctx context.Context, t *testing.T, cc *grpc.ClientConn)
}

// of makes a case of a test that needs a client of the test service only.
func of(name string, do func(context.Context, testgrpc.TestServiceClient, ...grpc.CallOption), options ...grpc.CallOption) aCase {
	return aCase{name, func(ctx context.Context, _ *testing.T, cc *grpc.ClientConn) {
		do(ctx, testgrpc.NewTestServiceClient(cc), options...)
	}}
}

// cases are all that the client names, but those that need an account of a cloud
// or, as pick_first_unary, servers that have names.
var cases = []aCase{
	of("empty_unary", interop.DoEmptyUnaryCall),
	of("large_unary", interop.DoLargeUnaryCall),
	of("client_streaming", interop.DoClientStreaming),
	of("server_streaming", interop.DoServerStreaming),
	of("ping_pong", interop.DoPingPong),
	of("empty_stream", interop.DoEmptyStream),
	of("timeout_on_sleeping_server", interop.DoTimeoutOnSleepingServer),
	of("cancel_after_begin", interop.DoCancelAfterBegin),
	of("cancel_after_first_response", interop.DoCancelAfterFirstResponse),
	of("status_code_and_message", interop.DoStatusCodeAndMessage),
	of("special_status_message", interop.DoSpecialStatusMessage),
	of("custom_metadata", interop.DoCustomMetadata),
	{"unimplemented_method", func(ctx context.Context, _ *testing.T, cc *grpc.ClientConn) {
		interop.DoUnimplementedMethod(ctx, cc)
	}},
	{"unimplemented_service", func(ctx context.Context, _ *testing.T, cc *grpc.ClientConn) {
		interop.DoUnimplementedService(ctx, testgrpc.NewUnimplementedServiceClient(cc))
	}},
	of("compressed large_unary", interop.DoLargeUnaryCall, grpc.UseCompressor(gzip.Name)),
	of("compressed client_streaming", interop.DoClientStreaming, grpc.UseCompressor(gzip.Name)),
	of("compressed server_streaming", interop.DoServerStreaming, grpc.UseCompressor(gzip.Name)),
	of("compressed ping_pong", interop.DoPingPong, grpc.UseCompressor(gzip.Name)),
	{"orca_per_rpc", func(ctx context.Context, _ *testing.T, cc *grpc.ClientConn) {
		interop.DoORCAPerRPCTest(ctx, testgrpc.NewTestServiceClient(cc))
	}},
	{"orca_oob", func(ctx context.Context, _ *testing.T, cc *grpc.ClientConn) {
		interop.DoORCAOOBTest(ctx, testgrpc.NewTestServiceClient(cc))
	}},
	{"soak", soak},
}

func runCases(t *testing.T, address string, creds credentials.TransportCredentials) {
	cc := dial(t, address, creds, `{"loadBalancingConfig": [{"test_backend_metrics_load_balancer": {}}]}`)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			c.run(ctx, t, cc)
		})
	}
	t.Run("channel soak", func(t *testing.T) {
		for range 10 {
			soak(t.Context(), t, dial(t, address, creds, "{}"))
		}
	})
}

func dial(t *testing.T, address string, creds credentials.TransportCredentials, service string) *grpc.ClientConn {
	t.Helper()
	cc, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(creds), grpc.WithDefaultServiceConfig(service))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cc.Close() })
	return cc
}

// soak makes ten large calls in turn.
func soak(ctx context.Context, t *testing.T, cc *grpc.ClientConn) {
	client := testgrpc.NewTestServiceClient(cc)
	request := &testgrpc.SimpleRequest{ResponseSize: 314159, Payload: &testgrpc.Payload{Body: bytes.Repeat([]byte{1}, 271828)}}
	for range 10 {
		answer, err := client.UnaryCall(ctx, request)
		if err != nil || len(answer.GetPayload().GetBody()) != 314159 {
			t.Fatalf("%d bytes came back: %v", len(answer.GetPayload().GetBody()), err)
		}
	}
}

"""What single services do beside their protocol: checksums, the encoding of keys in S3, the URLs of queues in SQS."""

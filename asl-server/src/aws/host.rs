//! The hosts of AWS's services (AWS General Reference, *Service endpoints and quotas*).

/// Services of the whole partition `aws`, which have one host without a region.
const GLOBAL: [&str; 6] = ["budgets", "cloudfront", "iam", "route53", "savingsplans", "waf"];
/// Services that one region answers for the whole partition `aws`.
const IN_ONE_REGION: [(&str, &str); 11] = [
    ("account", "us-east-1"),
    ("artifact", "us-east-1"),
    ("billingconductor", "us-east-1"),
    ("ce", "us-east-1"),
    ("chime", "us-east-1"),
    ("networkmanager", "us-west-2"),
    ("organizations", "us-east-1"),
    ("route53-recovery-control-config", "us-west-2"),
    ("shield", "us-east-1"),
    ("support", "us-east-1"),
    ("tax", "us-east-1"),
];

/// A host, and the region that requests to it are signed for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Host<'a> {
    pub(super) name: String,
    pub(super) region: &'a str,
}

/// The host of a service in a region.
pub(super) fn of<'a>(endpoint_prefix: &str, region: &'a str) -> Host<'a> {
    let (suffix, whole) = match region {
        region if region.starts_with("cn-") => ("amazonaws.com.cn", false),
        region if region.starts_with("us-gov-") => ("amazonaws.com", false),
        _ => ("amazonaws.com", true),
    };
    if whole && GLOBAL.contains(&endpoint_prefix) {
        return Host { name: format!("{endpoint_prefix}.{suffix}"), region: "us-east-1" };
    }
    let one = IN_ONE_REGION.iter().find(|(prefix, _)| whole && *prefix == endpoint_prefix);
    let region = one.map_or(region, |(_, one)| one);
    Host { name: format!("{endpoint_prefix}.{region}.{suffix}"), region }
}

/// Is it a host of AWS's?
pub(super) fn is_of_aws(host: &str) -> bool {
    const SUFFIXES: [&str; 4] = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn"];
    SUFFIXES.iter().any(|suffix| host.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_of_a_region_or_of_all() {
        for (prefix, region, host, signed_for) in [
            ("sqs", "eu-central-1", "sqs.eu-central-1.amazonaws.com", "eu-central-1"),
            ("s3", "us-east-1", "s3.us-east-1.amazonaws.com", "us-east-1"),
            ("iam", "eu-central-1", "iam.amazonaws.com", "us-east-1"),
            ("organizations", "eu-central-1", "organizations.us-east-1.amazonaws.com", "us-east-1"),
            ("networkmanager", "eu-central-1", "networkmanager.us-west-2.amazonaws.com", "us-west-2"),
            ("sqs", "cn-north-1", "sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("ce", "us-gov-west-1", "ce.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ] {
            assert_eq!(of(prefix, region), Host { name: host.to_owned(), region: signed_for });
        }
    }
}

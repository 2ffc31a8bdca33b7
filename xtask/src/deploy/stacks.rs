//! The templates deployed to moto, whole, by the commands of the guide: the pipeline's stack, two regions, a partner, the
//! failover. Every resource of every template has to be made in one of them at least.

use std::collections::{BTreeMap, BTreeSet};

use comporta_neighbours::target;

use super::moto::Moto;
use super::template;
use crate::failure::{Failure, Outcome};
use crate::process::{command, read};

const FIRST: &str = "sa-east-1";
const SECOND: &str = "us-east-1";

pub(super) fn check() -> Outcome {
    let moto = Moto::start()?;
    deploy(&moto)?;
    let mut made = Made::default();
    for (region, roots) in [
        (FIRST, &[("pipeline", "pipeline.yaml"), ("comporta", "region.yaml")][..]),
        (SECOND, &[("comporta", "region.yaml"), ("failover", "failover.yaml")]),
        (FIRST, &[("partner", "partner.yaml")]),
    ] {
        let listed = list(&moto, region)?;
        for (stack, file) in roots {
            let before = made.resources;
            visit(&listed, stack, file, &mut made)?;
            println!("{stack} in {region}: complete, {} resources", made.resources - before);
        }
    }
    let checked_only = moto.lines_with("checked only: ")?;
    println!(
        "{} stacks, {} resources, {checked_only} of them of kinds that moto only checks and counts",
        made.stacks, made.resources
    );
    made.compare()
}

/// What was made, each template's resources together.
#[derive(Default)]
struct Made {
    stacks: usize,
    resources: usize,
    by_template: BTreeMap<String, BTreeSet<String>>,
}

impl Made {
    /// Every resource of every template, and no other.
    fn compare(&self) -> Outcome {
        let mut faults = Vec::new();
        let mut count = 0;
        for name in template::names()? {
            let written: BTreeSet<String> = template::resources(&template::text(&name)?)
                .into_iter()
                .map(|resource| resource.id)
                .collect();
            count += written.len();
            let made = self.by_template.get(&name).cloned().unwrap_or_default();
            faults.extend(written.symmetric_difference(&made).map(|id| format!("{name}: {id}")));
        }
        for fault in &faults {
            println!("{fault} is written and not made, or made and not written");
        }
        println!("{count} resources are written in {} templates", self.by_template.len());
        if faults.is_empty() { Ok(()) } else { Err(Failure::Found("not every resource was made".to_owned())) }
    }
}

/// The stacks in the order of the guide.
fn deploy(moto: &Moto) -> Outcome {
    let zone = ["route53", "create-hosted-zone", "--name", "example.com", "--caller-reference", "1"];
    let told = moto.aws(FIRST, &[&zone[..], &["--query", "HostedZone.Id", "--output", "text"]].concat())?;
    let zone = format!("HostedZoneId={}", told.trim_start_matches("/hostedzone/"));
    let templates = |name: &str| template::folder().join(name).display().to_string();
    let pipeline = ["GitHubRepository=a/b", "GitLabProject=c/d", "CopyRegion=us-east-1"];
    stack(moto, FIRST, "pipeline", &templates("pipeline.yaml"), &pipeline)?;

    moto.aws(FIRST, &["s3", "mb", "s3://parts"])?;
    let whole = target().join("deploy/region.yaml").display().to_string();
    let root = templates("region.yaml");
    let package = ["cloudformation", "package", "--template-file", &root];
    moto.aws(FIRST, &[&package[..], &["--s3-bucket", "parts", "--output-template-file", &whole]].concat())?;
    let both = [
        "DomainName=example.com",
        &zone,
        "FirstAddress=a@example.com",
        "SecondAddress=b@example.com",
        "AdminRoleArn=arn:aws:iam::123456789012:role/admins",
        "DeployRoleArn=arn:aws:iam::123456789012:role/comporta-deploy",
        "AdminCidrs=192.0.2.0/24",
        "Readers=2",
    ];
    let copies = [
        "CopyRegion=us-east-1",
        "CopyKeyArn=arn:aws:kms:us-east-1:123456789012:key/1",
        "CopyBucketArn=arn:aws:s3:::comporta-archive-123456789012-us-east-1",
    ];
    stack(moto, FIRST, "comporta", &whole, &[&both[..], &copies[..]].concat())?;
    let source = format!("SourceDatabaseArn={}", output(moto, FIRST, "DatabaseArn")?);
    let second = ["Region=second", "SourceRegion=sa-east-1", &source, "VpcCidr=10.41.0.0/16"];
    stack(moto, SECOND, "comporta", &whole, &[&both[..], &second[..]].concat())?;

    let pool = format!("Pool={}", output(moto, FIRST, "CognitoPool")?);
    let plan = format!("Plan={}", output(moto, FIRST, "BasicPlan")?);
    stack(moto, FIRST, "partner", &templates("partner.yaml"), &["Partner=acme", &pool, &plan])?;

    let mut names = vec!["DomainName=example.com".to_owned(), zone];
    for (which, region) in [("First", FIRST), ("Second", SECOND)] {
        names.push(format!("{which}Region={region}"));
        for place in ["ApiDns", "ApiZone", "PartnersDns", "PartnersZone"] {
            names.push(format!("{which}{place}={}", output(moto, region, place)?));
        }
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // Not in the region that it is to be turned away from.
    stack(moto, SECOND, "failover", &templates("failover.yaml"), &names)
}

fn stack(moto: &Moto, region: &str, name: &str, file: &str, parameters: &[&str]) -> Outcome {
    let deploy = ["cloudformation", "deploy", "--stack-name", name, "--template-file", file];
    let may = ["--capabilities", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND", "--parameter-overrides"];
    moto.aws(region, &[&deploy[..], &may[..], parameters].concat()).map(drop)
}

fn output(moto: &Moto, region: &str, key: &str) -> Outcome<String> {
    let query = format!("Stacks[0].Outputs[?OutputKey=='{key}'].OutputValue");
    let describe = ["cloudformation", "describe-stacks", "--stack-name", "comporta", "--query", &query];
    let told = moto.aws(region, &[&describe[..], &["--output", "text"]].concat())?;
    if told.is_empty() || told == "None" {
        Err(Failure::Found(format!("no output {key} in {region}")))
    } else {
        Ok(told)
    }
}

/// The resources of every stack of a region, `(id, what it became)` each, and the stack's state.
type Listed = BTreeMap<String, (String, Vec<(String, String)>)>;

fn list(moto: &Moto, region: &str) -> Outcome<Listed> {
    let mut list = command(&moto.python, &["xtask/src/deploy/stack_list.py"]);
    let told = read(list.envs(moto.environment(region)))?;
    let mut listed = Listed::new();
    for line in String::from_utf8_lossy(&told).lines() {
        let [stack, status, id, physical] = line.split('\t').collect::<Vec<_>>()[..] else { continue };
        let entry = listed.entry(stack.to_owned()).or_insert_with(|| (status.to_owned(), Vec::new()));
        entry.1.push((id.to_owned(), physical.to_owned()));
    }
    Ok(listed)
}

/// Counts the resources of a stack, and of those nested in it.
fn visit(listed: &Listed, stack: &str, file: &str, made: &mut Made) -> Outcome {
    let (status, resources) =
        listed.get(stack).ok_or_else(|| Failure::Found(format!("{stack}: there is no such stack")))?;
    if status != "CREATE_COMPLETE" {
        return Err(Failure::Found(format!("{stack}: {status}")));
    }
    let written = template::resources(&template::text(file)?);
    made.stacks += 1;
    for (id, physical) in resources {
        made.resources += 1;
        made.by_template.entry(file.to_owned()).or_default().insert(id.clone());
        let known = written.iter().find(|resource| resource.id == *id);
        if let Some(nested) = known.and_then(|known| known.nested.as_ref()) {
            visit(listed, physical, nested, made)?;
        }
    }
    Ok(())
}

//! What questions are about: read from the read model, compiled, and kept.

mod compiled;
mod look;
mod scene;

use mainstay_db::Database;
use mainstay_events::Version;
use tokio::time::Instant;

use self::compiled::{Compiled, CompiledCatalog, compile_cluster_ruleset, compile_ruleset};
pub use self::look::MAX_ITEMS;
use self::look::{Look, Miss};
pub(super) use self::scene::Scene;
use super::AnswerError;
use super::cache::{Cache, CacheLimits, Weigh};
use super::lane::Lane;
use crate::domain::{Kind, Name};
use crate::engine::{ClusterRuleSet, RuleSet};
use crate::read::{CatalogRevision, Revisions};

/// How often a scene is looked up anew because things changed on the way. Then what is there counts, whether or
/// not all of it was there at one moment.
const ATTEMPTS: usize = 3;

/// What a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The catalogue.
    pub catalog: Name,
    /// The pairwise ruleset.
    pub ruleset: Name,
    /// The cluster ruleset, where the question is about clusters.
    pub cluster_ruleset: Option<Name>,
}

/// What is kept, and how the rest is got.
#[derive(Debug)]
pub(super) struct Library {
    database: Database,
    lane: Lane,
    catalogs: Cache<CatalogRevision, CompiledCatalog>,
    rulesets: Cache<Version, Compiled<RuleSet>>,
    cluster_rulesets: Cache<Version, Compiled<ClusterRuleSet>>,
}

impl Library {
    pub(super) fn new(
        database: &Database,
        lane: &Lane,
        catalogs: CacheLimits,
        rulesets: CacheLimits,
    ) -> Self {
        Self {
            database: database.clone(),
            lane: lane.clone(),
            catalogs: Cache::new(catalogs),
            rulesets: Cache::new(rulesets),
            cluster_rulesets: Cache::new(rulesets),
        }
    }

    /// Everything that a question is about, as it is now.
    ///
    /// # Errors
    ///
    /// [`AnswerError::NotFound`] for the catalogue, the ruleset, the cluster ruleset, in this order; or whatever
    /// keeps them from being read.
    pub(super) async fn find(&self, subject: &Subject, deadline: Instant) -> Result<Scene, AnswerError> {
        let mut attempt = 1;
        loop {
            match self.find_once(subject, attempt < ATTEMPTS, deadline).await {
                Ok(scene) => return Ok(scene),
                Err(Miss::Failed(error)) => return Err(error),
                Err(Miss::Moved) => attempt += 1,
            }
        }
    }

    async fn find_once(&self, subject: &Subject, exact: bool, deadline: Instant) -> Result<Scene, Miss> {
        let Subject { catalog, ruleset, cluster_ruleset } = subject;
        let now = Revisions::read(&self.database, catalog, ruleset, cluster_ruleset.as_ref()).await?;
        let catalog_now = there(now.catalog, &self.catalogs, Kind::Catalog, catalog)?;
        let ruleset_now = there(now.ruleset, &self.rulesets, Kind::Ruleset, ruleset)?;
        let cluster_rules = match cluster_ruleset {
            None => None,
            Some(name) => {
                let now = there(now.cluster_ruleset, &self.cluster_rulesets, Kind::ClusterRuleset, name)?;
                Some((name, now))
            }
        };
        let look = Look { library: self, exact, deadline };
        Ok(Scene {
            catalog: self
                .catalogs
                .get(catalog, catalog_now, async || look.catalog(catalog, catalog_now).await)
                .await?,
            ruleset: self
                .rulesets
                .get(ruleset, ruleset_now, async || look.rules(ruleset, ruleset_now, compile_ruleset).await)
                .await?,
            cluster_ruleset: match cluster_rules {
                None => None,
                Some((name, now)) => Some(
                    self.cluster_rulesets
                        .get(name, now, async || look.rules(name, now, compile_cluster_ruleset).await)
                        .await?,
                ),
            },
        })
    }
}

/// The state of something that must be there. What is kept of something that is not is dropped.
fn there<R: Copy + Eq, V: Weigh>(
    now: Option<R>,
    cache: &Cache<R, V>,
    kind: Kind,
    name: &Name,
) -> Result<R, AnswerError> {
    now.ok_or_else(|| {
        cache.forget(name);
        not_found(kind, name)
    })
}

fn not_found(kind: Kind, name: &Name) -> AnswerError {
    AnswerError::NotFound { kind, name: name.as_str().to_owned() }
}

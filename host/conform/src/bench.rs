//! Where a component is asked: the sandbox that plumb runs it in, with described nodes around it.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use plumb::components::{Asked, Sandbox, Source, World};
use plumb::trace::Trace;
use plumb::{Result, decide, parent};

use crate::answer::{Answer, Outcome};
use crate::case::{Stop, not_applicable};
use crate::{Subject, Trial, Trials};

/// Where a component is asked.
pub struct Bench<'a> {
    /// The component.
    pub subject: &'a Subject,
    /// What it is asked first of all: what its vendor gave, or what could be drawn.
    trials: Trials,
    /// Its sandbox, with every grant.
    every: Sandbox<'a>,
    /// The same with the grants that it declares.
    declared: Option<Sandbox<'a>>,
    answers: OnceCell<Vec<Answer>>,
    notes: RefCell<Vec<String>>,
}

impl<'a> Bench<'a> {
    /// A bench for a component and what its vendor has it asked. `trace` hears what the component logs.
    ///
    /// # Errors
    ///
    /// When no sandbox can be set up.
    pub fn new(subject: &'a Subject, trials: Trials, trace: &'a Trace) -> Result<Self> {
        Ok(Self {
            subject,
            trials,
            every: subject.with_every_grant(trace)?,
            declared: subject.with_declared_grants(trace)?,
            answers: OnceCell::new(),
            notes: RefCell::default(),
        })
    }

    /// Has the report tell something that a person should know of a case that passed: what it did not look at.
    pub(crate) fn note(&self, note: String) {
        self.notes.borrow_mut().push(note);
    }

    /// The notes since this was asked last.
    pub(crate) fn take_notes(&self) -> Vec<String> {
        self.notes.take()
    }

    /// Asks for a plan, with every grant.
    pub fn ask(&self, trial: &Trial) -> Answer {
        self.plan(&self.every, trial)
    }

    /// Asks for a plan, with the grants that the component declares; none where it declares none.
    pub fn ask_with_declared_grants(&self, trial: &Trial) -> Option<Answer> {
        Some(self.plan(self.declared.as_ref()?, trial))
    }

    /// Asks a flavour whether it is ready for a network.
    pub fn ask_ready(&self, trial: &Trial) -> Answer {
        let sandbox = &self.every;
        let ready = || {
            let request = trial.request()?;
            let facts = trial.facts()?;
            let flavour: Source = decide::flavour(&request, sandbox)?;
            let resolved = parent::resolve(&request, facts.as_ref())?;
            let asked = Arc::new(Asked::of(resolved.request.as_ref())?);
            sandbox.ready(&flavour, Rc::clone(&facts), &asked)?;
            Ok(Outcome::Ready)
        };
        self.answer(sandbox, ready())
    }

    fn plan(&self, sandbox: &Sandbox<'_>, trial: &Trial) -> Answer {
        let plan = || {
            let facts = trial.facts()?;
            let plan = decide::plan(&trial.request()?, sandbox, &facts)?;
            Ok(Outcome::Plan(plan))
        };
        self.answer(sandbox, plan())
    }

    fn answer(&self, sandbox: &Sandbox<'_>, outcome: Result<Outcome>) -> Answer {
        let spent = sandbox.take_spent();
        let own = spent
            .iter()
            .rfind(|spent| spent.component == self.subject.name);
        let failure = own.and_then(|own| own.failure);
        Answer {
            fuel: own.map_or(0, |own| own.fuel),
            outcome: match (outcome, failure) {
                (Ok(outcome), _) => outcome,
                (Err(error), Some(failure)) => Outcome::Broken(failure, error),
                (Err(error), None) => Outcome::Refused(error),
            },
        }
    }

    /// Each trial with its answer, asked once.
    ///
    /// # Errors
    ///
    /// Not applicable without any trial.
    pub fn answered(&self) -> std::result::Result<Vec<(&Trial, &Answer)>, Stop> {
        let trials = match &self.trials {
            Ok(trials) => trials,
            Err(reason) => {
                return Err(not_applicable(format!(
                    "there is nothing to ask: {reason}; give a network with --configuration, or a folder of cases with \
                     --cases"
                )));
            }
        };
        let answers = self
            .answers
            .get_or_init(|| trials.iter().map(|trial| self.ask(trial)).collect());
        Ok(trials.iter().zip(answers).collect())
    }

    /// All trials, whatever comes of them.
    pub fn trials(&self) -> &[Trial] {
        self.trials.as_deref().unwrap_or_default()
    }

    /// The trials that the component makes a plan of.
    ///
    /// # Errors
    ///
    /// Not applicable without any: another case says so.
    pub fn planned(&self) -> std::result::Result<Vec<(&Trial, &Answer)>, Stop> {
        let answered = self.answered()?.into_iter();
        let planned: Vec<_> = answered
            .filter(|(_, answer)| answer.plan().is_some())
            .collect();
        match planned.is_empty() {
            true => Err(not_applicable(
                "no trial ends in a plan, which cases 101 to 104, 301 and 302 are about",
            )),
            false => Ok(planned),
        }
    }

    /// What the component is made for.
    pub fn world(&self) -> World {
        self.subject.world
    }
}
